import { Button } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import type { Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { StateShape } from '~/parts/StateBadge';
import { tallied } from '~/parts/tally';
import classes from './Attention.module.css';

/** All of them as one case: each order says what is to be done, and the list is a page of its own. */
export function MoneyCase({ due }: { due: Schemas['Tally'] }) {
  const { t, f } = useI18n();
  const navigate = useNavigate();
  return (
    <li tabIndex={-1} className={classes.case} data-tone="wait">
      <StateShape shape="triangle" tone="wait" size={11} />
      <div className={classes.body}>
        <div className={classes.title}>{t('attention.money.title')}</div>
        <div className={classes.text}>
          <div>{t('attention.money', { n: due.count, count: tallied(f, due) })}</div>
          <div>{t('attention.money.next')}</div>
        </div>
      </div>
      <div className={classes.remedies}>
        <Button size="compact-sm" onClick={() => void navigate({ to: '/orders', search: { money_due: true } })}>
          {t('attention.money.do')}
        </Button>
      </div>
    </li>
  );
}
