/** A seeded source of whole numbers below a bound. */
export function seededNumbers(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A canonical document that tells its number: `quads` statements of one graph. */
export function documentOf(number: number, quads: number): Buffer {
  const lines = Array.from({ length: quads }, (_, i) => {
    const subject = `<urn:doc:${number}:${String(i).padStart(6, '0')}>`;
    return `${subject} <http://www.w3.org/ns/prov#value> "statement ${i} of ${number}" <urn:doc:${number}> .\n`;
  });
  return Buffer.from(lines.join(''));
}
