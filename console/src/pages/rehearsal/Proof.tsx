import { useI18n, type Plain } from '~/i18n';
import { Panel } from '~/parts/Page';
import { StateShape } from '~/parts/StateBadge';
import type { Rehearsal } from './control';
import classes from './Rehearsal.module.css';

const INVARIANTS = [
  'sold_within_pool',
  'claims_add_up',
  'acknowledged_kept',
  'nobody_twice',
  'outcomes_known',
  'stock_adds_up',
  'promised_is_sold',
  'ledger_verifies',
] as const;

/** What must be so at the end, one by one, green or red. */
export function Proof({ rehearsal }: { rehearsal: Rehearsal }) {
  const { t } = useI18n();
  const report = rehearsal.report;
  const aside = report
    ? t('rehearsal.invariants.asked', { asked: report.asked_again, movements: report.movements })
    : t('rehearsal.invariants.wait');
  return (
    <Panel title={t('rehearsal.invariants')} aside={<span className="soft">{aside}</span>} flush>
      <ul className={classes.list}>
        {INVARIANTS.map((name) => {
          const found = report?.invariants.find((each) => each.name === name);
          const tone = !found ? 'off' : found.holds ? 'ok' : 'bad';
          const figures = found && { found: found.found, expected: found.expected };
          return (
            <li key={name} data-holds={found?.holds}>
              <StateShape shape={!found ? 'ring' : found.holds ? 'disc' : 'square'} tone={tone} size={12} />
              <span>{t(`invariant.${name}` satisfies Plain)}</span>
              <span className={`num tone-${tone}`}>
                {!figures
                  ? '–'
                  : name === 'sold_within_pool'
                    ? t('rehearsal.at_most', figures)
                    : found.holds
                      ? t('rehearsal.equal', { found: figures.found })
                      : t('rehearsal.unequal', figures)}
              </span>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
