/** The names of metrics in an expression: what is left once labels, strings and the words of PromQL are gone. */
export function metricsIn(expr: string): string[] {
  const words = /^(?:by|on|or|and|unless|without|offset|ignoring|group_left|group_right|bool)$/;
  const bare = expr
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(?:by|on|without|ignoring)\s*\([^)]*\)/g, '')
    .replace(/\boffset\s+\w+/g, '');
  return [...bare.matchAll(/(?<![\w:])([a-zA-Z_:][\w:]*)(?![\w:])(?!\s*\()/g)]
    .map(([, name]) => name!)
    .filter((name) => !words.test(name));
}
