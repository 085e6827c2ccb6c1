import type { Problem } from '~/api/problem';
import type { Plain, useI18n } from '~/i18n';
import { en } from '~/i18n/en';

type T = ReturnType<typeof useI18n>['t'];

export interface ProblemTexts {
  title: string;
  /** What to do about it. */
  advice?: string;
  /** What is said of this one time, where it is more than the title and what to do. */
  detail?: string;
}

/** A problem in the language of the person; in the server's own words where there are no others. */
export function problemTexts(t: T, problem: Pick<Problem, 'code' | 'title' | 'detail' | 'errors'>, catalogue?: string): ProblemTexts {
  const own = (key: string) => (key in en ? t(key as Plain) : undefined);
  const { code } = problem;
  const [only, ...others] = problem.errors ?? [];
  // Of a single place the server says first where it stands in the request, which nobody who filled in a form has seen.
  const isPlaced = only && others.length === 0 && problem.detail === `${only.pointer}: ${only.detail}`;
  const detail = isPlaced ? only.detail : problem.detail;
  const said = detail && detail !== catalogue && detail !== problem.title ? detail : undefined;
  return {
    title: own(`problem.${code}`) ?? problem.title,
    advice: own(`advice.${code}`) ?? catalogue,
    // Of an answer that never came only the console speaks.
    detail: code === 'unreachable' ? undefined : said,
  };
}
