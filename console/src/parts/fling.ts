import { useEffect, useRef } from 'react';

/** So many pixels from one frame to the next are more than anybody reads: half of a window full of rows and more. */
const FLUNG_PX = 600;

/** Whether a list goes by too fast to be read. */
export const isFlung = (before: number, now: number): boolean => Math.abs(now - before) > FLUNG_PX;

/**
 * The same of a list that was drawn at another offset before. The virtualizer draws it once more when scrolling has ended, so what
 * was left out while it went by is there when somebody looks.
 */
export function useFlung({ scrollOffset, isScrolling }: { scrollOffset: number | null; isScrolling: boolean }): boolean {
  const offset = scrollOffset ?? 0;
  const before = useRef(offset);
  useEffect(() => {
    before.current = offset;
  });
  return isScrolling && isFlung(before.current, offset);
}
