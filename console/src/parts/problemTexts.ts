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
export function problemTexts(t: T, problem: Pick<Problem, 'code' | 'title' | 'detail'>, catalogue?: string): ProblemTexts {
  const own = (key: string) => (key in en ? t(key as Plain) : undefined);
  const { code, detail } = problem;
  const said = detail && detail !== catalogue && detail !== problem.title ? detail : undefined;
  return {
    title: own(`problem.${code}`) ?? problem.title,
    advice: own(`advice.${code}`) ?? catalogue,
    // Of an answer that never came only the console speaks.
    detail: code === 'unreachable' ? undefined : said,
  };
}
