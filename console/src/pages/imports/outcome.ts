// What became of a row of the file, in words and figures.

import type { useI18n } from '~/i18n';
import { csv } from '~/parts/csv';
import { problemTexts } from '~/parts/problemTexts';
import type { Shape, Tone } from '~/parts/vocabulary';
import { isStuck, type Kind, type Row, type Wrong } from './plan';
import type { Plan } from './store';

type T = ReturnType<typeof useI18n>['t'];

const BYTE_ORDER_MARK = '\uFEFF';

const LOOK: Record<Row['state'], [Shape, Tone]> = {
  change: ['half', 'busy'],
  same: ['diamond', 'off'],
  wrong: ['triangle', 'wait'],
  done: ['disc', 'ok'],
  failed: ['square', 'bad'],
  undone: ['cross', 'off'],
};

export const lookOf = (row: Row) => LOOK[row.problem ? 'failed' : row.state];

/** Where on hand goes or went with a row; nowhere with one that is not in. */
export function movedTo({ state, before, after, made }: Row): { after?: number; difference?: number } {
  if (state === 'failed' || state === 'undone' || before === undefined || after === undefined) return {};
  return { after, difference: made ?? after - before };
}

/** What would become, or became, of a row, and what to do where that is not all. */
export function outcomeOf(t: T, row: Row, kind: Kind): { words: string; advice?: string } {
  if (row.problem) {
    const { title, advice } = problemTexts(t, row.problem);
    return { words: title, advice: stuckAdvice(t, row) ?? advice };
  }
  if (row.wrong) return { words: wrongWords(t, row.wrong) };
  return { words: t(row.state === 'change' && kind === 'skus' ? 'imports.state.new' : `imports.state.${row.state as 'change'}`) };
}

/** What to do about units that cannot be taken back: nobody can choose a smaller number there. */
export function stuckAdvice(t: T, row: Row): string | undefined {
  const short = isStuck(row) && row.problem?.code === 'insufficient_stock';
  return short ? t('imports.stuck', { undo: t('imports.undo') }) : undefined;
}

function wrongWords(t: T, wrong: Wrong): string {
  switch (wrong.word) {
    case 'no_number':
      return t('imports.wrong.no_number', { text: wrong.text });
    case 'twice':
      return t('imports.wrong.twice', { row: wrong.row });
    case 'promised':
      return t('imports.wrong.promised', { n: wrong.n });
    default:
      return t(`imports.wrong.${wrong.word}`);
  }
}

/**
 * The rows that are not in, as they stood in the file, with why. The code is the same in every language, for programs; its heading
 * must be none that a column of SKUs could have, because the file is mended and imported again.
 */
export function failedFile(t: T, { head, rows, kind }: Pick<Plan, 'head' | 'rows' | 'kind'>): string {
  const failed = rows.filter((row) => row.state === 'wrong' || row.state === 'failed');
  const why = (row: Row) => {
    const { words, advice } = outcomeOf(t, row, kind);
    return [row.problem?.code ?? row.wrong?.word, advice ? `${words} · ${advice}` : words, row.problem?.detail];
  };
  // Spreadsheet programs take a file without the mark for one of their own encoding, and write other letters.
  return BYTE_ORDER_MARK + csv([...head, 'reason_code', t('word.reason'), t('imports.failed.said')], failed.map((row) => [...row.cells, ...why(row)]));
}
