import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { toProblem } from '~/api/problem';
import { problemKind } from '~/api/queries';
import { useI18n } from '~/i18n';
import { problemTexts } from './problemTexts';
import { ServerWords } from './ServerWords';
import { StateShape } from './StateBadge';
import classes from './ProblemNote.module.css';

/** What is wrong in one place. To who reads English the server says it more exactly. */
function Words({ words, said }: { words: string; said?: string }) {
  const { language } = useI18n();
  if (!said) return words;
  return language === 'en' ? (
    said
  ) : (
    <>
      {words} <ServerWords>{said}</ServerWords>
    </>
  );
}

interface Props {
  error: unknown;
  /** What to do, where the page knows better than the catalogue. */
  advice?: string;
  onRetry?: () => void;
}

/** What went wrong, and what to do about it. The remedy comes from the server's catalogue of problems. */
export function ProblemNote({ error, advice: better, onRetry }: Props) {
  const { t } = useI18n();
  const problem = toProblem(error);
  const catalogued = problem.type.startsWith('/problems/');
  const kind = useQuery({ ...problemKind(problem.code), enabled: catalogued });
  const texts = problemTexts(t, problem, kind.data?.advice);
  const { title, wrong, detail, advice } = { ...texts, advice: better ?? texts.advice };
  const place = problem.errors?.length === 1 && problem.errors[0]?.pointer;
  return (
    <div className={classes.note} role="alert">
      <div className={classes.title}>
        <StateShape shape="square" tone="bad" />
        <strong>{title}</strong>
      </div>
      {detail && <ServerWords bare>{detail}</ServerWords>}
      {wrong.length > 0 && (
        <ul>
          {wrong.map((each, place) => (
            <li key={place}>
              {each.pointer && <span className="mono">{each.pointer} </span>}
              <Words {...each} />
            </li>
          ))}
        </ul>
      )}
      {advice && (
        <div className={classes.remedy}>
          <strong>{t('problem.remedy')}</strong> {advice}
        </div>
      )}
      <div className={classes.foot}>
        {onRetry && (
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            {t('problem.again')}
          </Button>
        )}
        <span className="mono soft">
          {problem.code}
          {place ? ` · ${place}` : ''}
          {problem.request_id ? ` · ${problem.request_id}` : ''}
        </span>
      </div>
    </div>
  );
}
