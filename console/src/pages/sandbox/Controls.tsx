import { Button, NumberInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { useI18n } from '~/i18n';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { CHANNEL } from '~/parts/shopNames';
import { MarketField } from './SellOne';
import { SkuField } from './SkuField';
import { control, sandboxState, type Market } from './control';
import classes from './Sandbox.module.css';

/** How fast buyers order over all marketplaces. */
export function Buyers() {
  const { t } = useI18n();
  const state = useQuery(sandboxState());
  const [rate, setRate] = useState<number>();
  const habits = state.data?.buyers;
  const act = useAct((next: number) => control('buyers', 'POST', { ...habits, rate: next }), { refresh: [['sandbox']] });
  const shown = rate ?? habits?.rate ?? 0;
  return (
    <Panel title={t('sandbox.buyers')}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate(shown);
        }}
      >
        <NumberInput
          size="xs"
          w={140}
          min={0}
          max={200}
          label={t('sandbox.buyers.rate')}
          value={shown}
          onChange={(value) => setRate(Number(value) || 0)}
        />
        <Button type="submit" size="xs" variant="default" loading={act.isPending}>
          {t('sandbox.buyers.set')}
        </Button>
      </form>
      {act.isError && <ProblemNote error={act.error} />}
    </Panel>
  );
}

/** What a seller does in his own shop without telling us. */
export function SellerEdit() {
  const { t } = useI18n();
  const [market, setMarket] = useState<Market>('tiktok');
  const [sku, setSku] = useState('TEE-HER-BLK-M');
  const [stock, setStock] = useState(3);
  const act = useAct(
    (edit: { market: Market; seller_sku: string; stock: number }) => control('faults', 'POST', { fault: 'seller_edit', ...edit }),
    {
      refresh: [['sandbox']],
      onDone: (_, edit) =>
        notifications.show({
          message: t('sandbox.done', { market: CHANNEL[edit.market] ?? edit.market, fault: t('fault.seller_edit') }),
          color: 'teal',
        }),
    },
  );
  return (
    <Panel title={t('sandbox.edit')}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate({ market, seller_sku: sku.trim(), stock });
        }}
      >
        <MarketField value={market} onChange={setMarket} />
        <SkuField value={sku} onChange={setSku} />
        <NumberInput size="xs" w={80} min={0} allowDecimal={false} label={t('sandbox.edit.stock')} value={stock} onChange={(value) => setStock(Number(value) || 0)} />
        <Button type="submit" size="xs" variant="default" loading={act.isPending}>
          {t('sandbox.edit.do')}
        </Button>
      </form>
      <p className="soft">{t('sandbox.edit.text')}</p>
      {act.isError && <ProblemNote error={act.error} />}
    </Panel>
  );
}
