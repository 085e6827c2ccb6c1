// Which columns of a table there is room for.

interface Sized {
  /** A CSS grid track that begins with its least width: `120px`, `minmax(140px, 2fr)`. */
  width: string;
  /** Width of the table from which the column is shown; always when missing. */
  from?: number;
}

export interface Spacing {
  /** Between two columns. */
  gap: number;
  /** At both ends of a row together. */
  ends: number;
}

const least = ({ width }: Sized): number => Number(/(\d+)px/.exec(width)?.[1] ?? 0);

/** What the columns need at least. */
export const needed = (columns: readonly Sized[], { gap, ends }: Spacing): number =>
  columns.reduce((sum, column) => sum + least(column), ends + gap * Math.max(0, columns.length - 1));

/**
 * The columns that a table of this width shows. `from` says which matter less; where it promises more than there is room for,
 * those that matter least are left out rather than cut off at the edge. Those without it stay in any case.
 */
export function fitting<C extends Sized>(columns: readonly C[], width: number, spacing: Spacing): C[] {
  let shown = columns.filter(({ from }) => !from || width >= from);
  while (needed(shown, spacing) > width) {
    const last = shown.reduce<C | undefined>((most, column) => (column.from && column.from >= (most?.from ?? 1) ? column : most), undefined);
    if (!last) break;
    shown = shown.filter((column) => column !== last);
  }
  return shown;
}
