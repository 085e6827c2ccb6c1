import { SegmentedControl } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { StateShape } from '~/parts/StateBadge';
import { lookOf, movedTo, outcomeOf } from './outcome';
import { tally, type Kind, type Row } from './plan';
import { RowDialog, RowSku } from './RowDialog';
import classes from './Imports.module.css';

type Show = 'all' | 'change' | 'same' | 'wrong';

/** The rows of the file with what would become, or became, of each. */
export function Rows({ rows, kind }: { rows: Row[]; kind: Kind }) {
  const { t, f } = useI18n();
  const [show, setShow] = useState<Show>('all');
  const [open, setOpen] = useState<number>();
  const counts = tally(rows);
  const shown = useMemo(
    () =>
      rows.filter((row) => {
        if (show === 'all') return true;
        if (show === 'change') return ['change', 'done', 'undone'].includes(row.state);
        return show === 'wrong' ? row.state === 'wrong' || row.state === 'failed' : row.state === show;
      }),
    [rows, show],
  );
  const columns = useColumns(kind);
  const opened = rows.find(({ line }) => line === open);
  const label = (word: string, n: number) => `${word} · ${f.number(n)}`;
  return (
    <div className={classes.rows}>
      <div className={classes.show}>
        <SegmentedControl
          size="xs"
          value={show}
          onChange={(next) => setShow(next as Show)}
          data={[
            { value: 'all', label: label(t('all'), counts.all) },
            { value: 'change', label: label(t(counts.done + counts.undone + counts.failed > 0 ? 'imports.show.changed' : 'imports.show.change'), counts.change + counts.done + counts.undone) },
            { value: 'same', label: label(t('imports.show.same'), counts.same) },
            { value: 'wrong', label: label(t('imports.show.wrong'), counts.wrong + counts.failed) },
          ]}
        />
      </div>
      <DataTable
        label={t('imports.title')}
        columns={columns}
        rows={shown}
        rowKey={(row) => String(row.line)}
        onOpen={({ line }) => setOpen(line)}
        empty={t('imports.none')}
        tone={(row) => (row.problem ? 'bad' : row.state === 'wrong' ? 'wait' : undefined)}
      />
      {opened && <RowDialog row={opened} kind={kind} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

function useColumns(kind: Kind): Column<Row>[] {
  const { t, f } = useI18n();
  return useMemo(() => {
    const figure = (value: number | undefined) => (value === undefined ? '–' : f.number(value));
    const stock: Column<Row>[] = [
      { id: 'location', header: t('word.location'), width: 'minmax(80px, 1fr)', from: 620, cell: (row) => row.location },
      { id: 'before', header: t('imports.before'), width: '80px', align: 'end', from: 480, cell: (row) => figure(row.before) },
      { id: 'after', header: t('imports.after'), width: '60px', align: 'end', cell: (row) => <strong>{figure(movedTo(row).after)}</strong> },
      {
        id: 'difference',
        header: t('imports.difference'),
        width: '90px',
        align: 'end',
        from: 560,
        cell: (row) => {
          const { difference } = movedTo(row);
          return difference === undefined ? '–' : f.signed(difference);
        },
      },
    ];
    const name: Column<Row> = { id: 'name', header: t('word.name'), width: 'minmax(120px, 1.5fr)', from: 420, cell: (row) => row.name };
    return [
      { id: 'line', header: t('imports.row'), width: '56px', align: 'end', from: 420, cell: (row) => f.number(row.line) },
      {
        id: 'sku',
        header: t('word.sku'),
        width: 'minmax(90px, 1.2fr)',
        cell: (row) => <RowSku row={row} kind={kind} />,
      },
      ...(kind === 'skus' ? [name] : stock),
      { id: 'outcome', header: t('imports.outcome'), width: 'minmax(110px, 2fr)', cell: (row) => <Outcome row={row} kind={kind} /> },
    ];
  }, [t, f, kind]);
}

function Outcome({ row, kind }: { row: Row; kind: Kind }) {
  const { t } = useI18n();
  const [shape, tone] = lookOf(row);
  const { words, advice } = outcomeOf(t, row, kind);
  return (
    <span className={`tone-${tone}`} title={advice ? `${words} · ${advice}` : words}>
      <StateShape shape={shape} tone={tone} /> {words}
      {advice && <span className="soft"> · {advice}</span>}
    </span>
  );
}
