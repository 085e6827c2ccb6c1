import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';
import { explanation } from '~/api/queries';
import { useI18n, type Plain } from '~/i18n';
import { Flash } from '~/parts/Figure';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { StateShape } from '~/parts/StateBadge';
import classes from './Sku.module.css';

const TAB: Record<string, 'ledger' | 'holds'> = { reserved: 'holds', allocated: 'holds' };
const NAME: Record<string, Plain> = {
  on_hand: 'figure.on_hand',
  reserved: 'figure.reserved',
  allocated: 'figure.allocated',
  unavailable: 'figure.unavailable',
};

/** "Why 40?": on hand − held − committed − unavailable = available, each term a link to what stands behind it. */
export function Equation({ sku, location }: { sku: string; location: string }) {
  const { t, f } = useI18n();
  const why = useQuery(explanation(sku, location));
  if (why.isError) return <ProblemNote error={why.error} onRetry={() => void why.refetch()} />;
  if (!why.data) return <Panel title={t('loading')}>{null}</Panel>;
  const { available, terms, checks } = why.data;
  const sum = checks.sum_of_rows_equals;
  return (
    <Panel
      title={t('sku.equation', { n: available })}
      aside={
        <span className={sum === false ? 'tone-bad' : 'soft'}>
          <StateShape shape={sum === false ? 'square' : sum ? 'disc' : 'ring'} tone={sum === false ? 'bad' : sum ? 'ok' : 'off'} />{' '}
          {t(sum === false ? 'sku.equation.wrong' : sum ? 'sku.equation.checked' : 'sku.equation.unchecked')}
        </span>
      }
    >
      <div className={classes.equation} data-testid="equation">
        {terms.map((term, place) => (
          <Fragment key={term.term}>
            {place > 0 && <span className={classes.sign}>−</span>}
            <Link
              to="/stock/$sku"
              params={{ sku }}
              search={(before) => ({ ...before, location, tab: TAB[term.term] ?? 'ledger' })}
              className={classes.term}
            >
              <strong className="num">
                <Flash value={term.value}>{f.number(term.value)}</Flash>
              </strong>
              <span>{NAME[term.term] ? t(NAME[term.term] as Plain) : term.term}</span>
            </Link>
          </Fragment>
        ))}
        <span className={classes.sign}>=</span>
        <span className={`${classes.term} ${classes.result}`}>
          <strong className={`num ${available < 0 ? 'tone-bad' : ''}`}>
            <Flash value={available}>{f.number(available)}</Flash>
          </strong>
          <span>{t('figure.available')}</span>
        </span>
      </div>
    </Panel>
  );
}
