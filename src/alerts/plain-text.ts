/** Code points that are a break of lines, or a tab. */
const BREAKS = rangesOf([
  [0x09, 0x0d],
  [0x85, 0x85],
  [0x2028, 0x2029],
]);
/** Controls, marks that nobody sees or that change the direction of what follows, tags. */
const UNSEEN = rangesOf([
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x180e, 0x180e],
  [0x200b, 0x200b],
  [0x200e, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe007f],
]);

/** A pattern of ranges of code points; as a literal, the characters themselves would stand in this file unseen. */
function rangesOf(ranges: readonly (readonly [number, number])[]): RegExp {
  const escaped = (point: number) => `\\u{${point.toString(16)}}`;
  const parts = ranges.map(([from, to]) => `${escaped(from)}-${escaped(to)}`);
  return new RegExp(`[${parts.join('')}]+`, 'gu');
}

/**
 * Text from outside (names, comments, messages of errors) as one line that is only text wherever it is shown: no line
 * breaks, so that it can end no header and begin no paragraph; no control characters; none of the characters that change
 * the direction of what follows, or that nobody sees.
 *
 * @param most characters (code points); what is longer is cut and ends with an ellipsis
 */
export function oneLine(text: string, most: number): string {
  const clean = text.toWellFormed().replace(BREAKS, ' ').replace(UNSEEN, '').replace(/ {2,}/g, ' ').trim();
  const points = [...clean];
  return points.length <= most ? clean : `${points.slice(0, most - 1).join('')}…`;
}
