import { useQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import { stockAt } from '~/api/queries';
import { useI18n } from '~/i18n';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import classes from './Sku.module.css';

const TERMS = ['on_hand', 'reserved', 'allocated', 'unavailable', 'available'] as const;

/** The figures at an instant of the past beside those of now. */
export function Past({ sku, location, asOf }: { sku: string; location: string; asOf: string }) {
  const { t, f } = useI18n();
  const then = useQuery(stockAt(sku, location, asOf));
  const now = useQuery(stockAt(sku, location));
  if (then.isError) return <ProblemNote error={then.error} onRetry={() => void then.refetch()} />;
  return (
    <Panel title={t('sku.travel')}>
      <div className={`${classes.past} num`}>
        <span />
        {TERMS.map((term) => (
          <span key={term}>{t(`figure.${term}`)}</span>
        ))}
        <span>{t('sku.travel.then')}</span>
        {TERMS.map((term) => (
          <strong key={term}>{then.data ? f.number(then.data[term]) : '–'}</strong>
        ))}
        <span>{t('sku.travel.now')}</span>
        {TERMS.map((term) => (
          <span key={term}>{now.data ? f.number(now.data[term]) : '–'}</span>
        ))}
        <span>{t('sku.travel.difference')}</span>
        {TERMS.map((term) => (
          <Fragment key={term}>{now.data && then.data ? <span>{f.signed(now.data[term] - then.data[term])}</span> : <span>–</span>}</Fragment>
        ))}
      </div>
    </Panel>
  );
}
