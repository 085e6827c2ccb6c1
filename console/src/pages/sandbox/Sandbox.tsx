import { useQuery } from '@tanstack/react-query';
import { useI18n } from '~/i18n';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { Verdict } from '~/parts/Verdict';
import { Buyers, SellerEdit } from './Controls';
import { Goods } from './Goods';
import { MarketCard } from './MarketCard';
import { SellOne } from './SellOne';
import { ActiveFaults } from './ActiveFaults';
import { MARKETS, sandboxFaults, sandboxReport, sandboxState, shownOf } from './control';
import classes from './Sandbox.module.css';

/** Press a button, break a marketplace, watch it heal. */
export function Sandbox() {
  const { t } = useI18n();
  const state = useQuery(sandboxState());
  return (
    <Page title={t('sandbox.title')} curl="/v1/sandbox/state" verdict={<SandboxVerdict />}>
      {state.isError ? (
        <ProblemNote error={state.error} onRetry={() => void state.refetch()} />
      ) : (
        <>
          <p className={classes.lead}>{t('sandbox.text')}</p>
          <ul className={classes.markets} aria-label={t('sandbox.break')}>
            {MARKETS.map((market) => (
              <MarketCard key={market} market={market} />
            ))}
          </ul>
          <div className={classes.tools}>
            <SellOne />
            <div className={classes.stack}>
              <ActiveFaults />
              <Buyers />
              <SellerEdit />
            </div>
          </div>
          <Goods />
        </>
      )}
    </Page>
  );
}

function SandboxVerdict() {
  const { t } = useI18n();
  const state = useQuery(sandboxState());
  const faults = useQuery(sandboxFaults());
  const report = useQuery(sandboxReport());
  if (state.isError) return <Verdict tone="off">{t('sandbox.none')}</Verdict>;
  if (!state.data || !faults.data || !report.data) return null;
  const all = report.data.skus.length;
  const differ = report.data.skus.filter((sku) => shownOf(sku).differ).length;
  const same = differ > 0 ? t('sandbox.verdict.differ', { n: differ, all }) : t('sandbox.verdict.same', { n: all });
  const rate = state.data.buyers.rate;
  const n = faults.data.faults.length;
  if (n > 0) return <Verdict tone="bad">{t('sandbox.verdict.faults', { n, rate, same })}</Verdict>;
  return <Verdict tone={differ > 0 ? 'busy' : 'ok'}>{t('sandbox.verdict.calm', { rate, same })}</Verdict>;
}
