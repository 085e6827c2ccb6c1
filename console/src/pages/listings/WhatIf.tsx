import { Button, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useAct } from '~/api/act';
import type { Schemas } from '~/api/client';
import { shops } from '~/api/queries';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { RuleFields } from '~/parts/RuleFields';
import { useShopNames } from '~/parts/shopNames';
import { MOST, tryOnShop } from './tryRule';
import classes from './WhatIf.module.css';

type Row = Schemas['RulePreview'];
type Rule = Schemas['Rule'];

/** What would be pushed if the rule of a shop were another one. */
export function WhatIf() {
  const { t } = useI18n();
  const list = useQuery(shops());
  const names = useShopNames();
  const [chosen, setChosen] = useState<string>();
  const [edits, setEdits] = useState<Rule>();
  const act = useAct(tryOnShop);
  const shop = list.data?.data.find((each) => each.shop === chosen) ?? list.data?.data[0];
  if (!shop) return null;
  const rule = edits ?? shop.settings.rule;
  return (
    <Panel title={t('whatif.title')} aside={<span className="soft">{t('whatif.note')}</span>} flush>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate({ shop: shop.shop, rule });
        }}
      >
        <Select
          size="xs"
          label={t('word.shop')}
          allowDeselect={false}
          data={(list.data?.data ?? []).map((each) => ({ value: each.shop, label: names.ofCode(each.shop) }))}
          value={shop.shop}
          onChange={(code) => {
            setChosen(code ?? undefined);
            setEdits(undefined);
            act.reset();
          }}
        />
        <RuleFields few size="xs" rule={rule} onChange={setEdits} />
        <Button type="submit" size="xs" loading={act.isPending}>
          {t('whatif.do')}
        </Button>
      </form>
      {act.isError && <ProblemNote error={act.error} />}
      {act.data && <Found rows={act.data.rows} more={act.data.more} />}
    </Panel>
  );
}

function Found({ rows, more }: { rows: Row[]; more: boolean }) {
  const { t, f } = useI18n();
  const changed = rows.filter((row) => row.now !== row.then);
  const units = changed.reduce((sum, row) => sum + (row.then ?? 0) - (row.now ?? 0), 0);
  const sold = changed.filter((row) => (row.now ?? 0) > 0 && row.then === 0).length;
  const columns: Column<Row>[] = [
    {
      id: 'sku',
      header: t('word.sku'),
      width: 'minmax(120px, 1fr)',
      cell: (row) =>
        row.sku && (
          <Link to="/stock/$sku" params={{ sku: row.sku }} search={{ tab: 'channels' }} className="code">
            {row.sku}
          </Link>
        ),
    },
    { id: 'title', header: t('word.name'), width: 'minmax(120px, 2fr)', from: 640, cell: (row) => <span className="clip">{row.title}</span> },
    {
      id: 'figure',
      header: t('sync.figure'),
      width: '120px',
      align: 'end',
      cell: (row) => `${row.now == null ? '–' : f.number(row.now)} → ${row.then == null ? '–' : f.number(row.then)}`,
    },
  ];
  return (
    <>
      <p className={classes.sum} role="status">
        {changed.length === 0
          ? t('whatif.same', { n: rows.length })
          : t('whatif.changed', { n: changed.length, all: rows.length, units: f.signed(units), sold })}
        {more && ` ${t('whatif.more', { most: MOST })}`}
      </p>
      {changed.length > 0 && (
        <DataTable inline label={t('whatif.title')} columns={columns} rows={changed} rowKey={(row) => String(row.listing)} empty="" />
      )}
    </>
  );
}
