import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { StockFilter } from '~/api/queries';
import { useI18n } from '~/i18n';
import { tellProblem } from '~/parts/tellProblem';
import type { StockRow } from './columns';
import { everyRow } from './rows';
import { exportRows } from './Selection';

interface Props {
  /** What the table has read so far. */
  rows: StockRow[];
  /** What gives all of them; undefined when these are all. */
  filter: StockFilter | undefined;
  onChoose: (rows: StockRow[]) => void;
}

/** What can be done with everything that the filters find. */
export function WholeList({ rows, filter, onChoose }: Props) {
  const { t } = useI18n();
  const [read, setRead] = useState<number>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const exportAll = async () => {
    if (!filter) return exportRows(rows);
    const abort = new AbortController();
    running.current = abort;
    setRead(0);
    try {
      exportRows(await everyRow(filter, abort.signal, setRead));
    } catch (error) {
      if (abort.signal.aborted) return;
      tellProblem(t, error);
    } finally {
      if (running.current === abort) setRead(undefined);
    }
  };
  const stop = () => {
    running.current?.abort();
    setRead(undefined);
  };

  if (rows.length === 0) return null;
  return (
    <>
      <Button size="xs" variant="default" onClick={() => onChoose(rows)}>
        {t('stock.choose.all', { n: rows.length })}
      </Button>
      <Button size="xs" variant="default" aria-live="polite" onClick={() => (read === undefined ? void exportAll() : stop())}>
        {read === undefined ? t('stock.export.all') : t('stock.export.stop', { n: read })}
      </Button>
    </>
  );
}
