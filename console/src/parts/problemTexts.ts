import type { Schemas } from '~/api/client';
import type { Problem } from '~/api/problem';
import type { Plain, useI18n } from '~/i18n';
import { en } from '~/i18n/en';

type T = ReturnType<typeof useI18n>['t'];

/** One thing that is wrong with what was asked. */
interface Wrong {
  words: string;
  /** What the server says of it, where that is more. */
  said?: string;
  /** Where it stands in the request, where it is one of several. */
  pointer?: string;
}

export interface ProblemTexts {
  title: string;
  /** What to do about it. */
  advice?: string;
  /** The goods that are short, or the fields. */
  wrong: Wrong[];
  /** What the server says of this one time, where it is more than all of this. */
  detail?: string;
}

/** Codes of a request that no person can put right: what asked is not what the server knows. */
const NOT_UNDERSTOOD: ReadonlySet<string> = new Set([
  'malformed_json',
  'invalid_parameter',
  'invalid_header',
  'idempotency_key_missing',
  'idempotency_mismatch',
  'persons_only',
  'cross_site',
  'no_such_route',
  'method_not_allowed',
  'unsupported_media_type',
  'precondition_required',
  'headers_too_large',
]);

/** Under which name the words for a code are kept. */
export function nameOf(code: string): string {
  if (NOT_UNDERSTOOD.has(code)) return 'not_understood';
  // An answer that is no problem of the server's (`problemOf`).
  return /^http_\d+$/.test(code) ? 'strange_answer' : code;
}

const known = (key: string): Plain | undefined => (key in en ? (key as Plain) : undefined);

/** What a code means, and what to do about it; nothing where there are no words for it. */
export function codeTexts(t: T, code: string): { title?: string; advice?: string } {
  const [title, advice] = ['problem', 'advice'].map((prefix) => known(`${prefix}.${nameOf(code)}`));
  return { title: title && t(title), advice: advice && t(advice) };
}

type Goods = Partial<Schemas['MarketOrderRefusedGoods']>;

/** Of which goods there are not as many as were asked for; nothing of what is not about figures. */
export function goodsText(t: T, { sku, location, requested, available }: Goods): string | undefined {
  if (!sku || typeof requested !== 'number' || typeof available !== 'number') return undefined;
  const figures = { sku, requested, available };
  return location ? t('refused.goods', { ...figures, location }) : t('refused.goods.anywhere', figures);
}

/** A problem in the language of the person; in the server's own words where there are no others. */
export function problemTexts(t: T, problem: Pick<Problem, 'code' | 'title' | 'detail' | 'errors'>, catalogue?: string): ProblemTexts {
  const { title, advice } = codeTexts(t, problem.code);
  const errors = problem.errors ?? [];
  const [only, ...others] = errors;
  const isOne = only !== undefined && others.length === 0;
  const wrong = errors.flatMap<Wrong>((error) => {
    const goods = goodsText(t, error);
    if (goods) return { words: goods };
    const field = known(`field.${error.code}`);
    // What a refusal says of one place is what it says of the whole.
    if (!field && isOne) return [];
    const pointer = isOne ? undefined : error.pointer;
    return field ? { words: t(field), said: error.detail, pointer } : { words: error.detail, pointer };
  });
  // Of a single place the server says first where it stands in the request, which nobody who filled in a form has seen.
  const isPlaced = isOne && problem.detail === `${only.pointer}: ${only.detail}`;
  const detail = isPlaced ? only.detail : problem.detail;
  // Of an answer that never came only the console speaks.
  const isSaid = problem.code === 'unreachable' || wrong.length > 0 || detail === catalogue || detail === problem.title;
  return { title: title ?? problem.title, advice: advice ?? catalogue, wrong, detail: isSaid ? undefined : detail || undefined };
}
