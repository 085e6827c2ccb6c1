import { Stack } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { ProblemError } from '~/api/problem';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { FactList } from '~/parts/FactList';
import { ProblemNote } from '~/parts/ProblemNote';
import { StateShape } from '~/parts/StateBadge';
import { lookOf, movedTo, outcomeOf, stuckAdvice } from './outcome';
import { isStuck, type Kind, type Row } from './plan';

/** One row of the file: what became of it and what to do, in full. */
export function RowDialog({ row, kind, onClose }: { row: Row; kind: Kind; onClose: () => void }) {
  const { t, f } = useI18n();
  const [shape, tone] = lookOf(row);
  const { after, difference } = movedTo(row);
  const figure = (value: number | undefined) => (value === undefined ? '–' : f.number(value));
  const stock: [string, ReactNode][] = [
    [t('word.location'), row.location],
    [t('imports.before'), figure(row.before)],
    [t('imports.after'), figure(after)],
    [t('imports.difference'), difference === undefined ? '–' : f.signed(difference)],
  ];
  const facts: [string, ReactNode][] = [
    [t('word.sku'), <RowSku row={row} kind={kind} />],
    ...(kind === 'skus' ? ([[t('word.name'), row.name || '–']] satisfies [string, ReactNode][]) : stock),
  ];
  return (
    <Dialog title={`${t('imports.row')} ${f.number(row.line)}`} onClose={onClose} size={560}>
      <Stack gap="sm">
        {isStuck(row) && <div>{t('imports.verdict.stuck', { n: 1 })}</div>}
        {row.problem ? (
          <ProblemNote error={new ProblemError(row.problem)} advice={stuckAdvice(t, row)} />
        ) : (
          <div className={`tone-${tone}`}>
            <StateShape shape={shape} tone={tone} /> {outcomeOf(t, row, kind).words}
          </div>
        )}
        {isStuck(row) && (
          <Link to="/stock/$sku" params={{ sku: row.sku }} search={{ location: row.location, tab: 'holds' }}>
            {t('imports.stuck.holds')}
          </Link>
        )}
        <FactList facts={facts} />
      </Stack>
    </Dialog>
  );
}

/** The SKU of a row, with the way to its page where it has one. */
export function RowSku({ row, kind }: { row: Row; kind: Kind }) {
  if (row.state === 'wrong' || (kind === 'skus' && row.state === 'change')) return <span className="code">{row.sku || '–'}</span>;
  return (
    <Link to="/stock/$sku" params={{ sku: row.sku }} className="code">
      {row.sku}
    </Link>
  );
}
