/**
 * Steps `items` to its next arrangement in lexicographic order and returns true; false, leaving it as it is, when it is
 * the last. Starting from ascending order this visits every distinct arrangement once, also when items repeat.
 */
export function nextPermutation(items: number[]): boolean {
  let pivot = items.length - 2;
  while (pivot >= 0 && items[pivot]! >= items[pivot + 1]!) pivot--;
  if (pivot < 0) return false;
  let successor = items.length - 1;
  while (items[successor]! <= items[pivot]!) successor--;
  swap(items, pivot, successor);
  for (let low = pivot + 1, high = items.length - 1; low < high; low++, high--) swap(items, low, high);
  return true;
}

function swap(items: number[], i: number, j: number): void {
  const item = items[i]!;
  items[i] = items[j]!;
  items[j] = item;
}
