/** The part of rdf-canonize 5 that is used; the package brings no types. */
declare module 'rdf-canonize' {
  export function canonize(
    input: string,
    options: {
      algorithm: 'RDFC-1.0';
      inputFormat: 'application/n-quads';
      format: 'application/n-quads';
      maxDeepIterations?: number;
      maxWorkFactor?: number;
    },
  ): Promise<string>;
}
