import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { Schemas } from '~/api/client';
import { audit } from '~/api/queries';
import { useI18n, type Plain } from '~/i18n';
import { en } from '~/i18n/en';
import { DataTable, type Column } from '~/parts/DataTable';
import { Dialog } from '~/parts/Dialog';
import { At } from '~/parts/Moment';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { Verdict } from '~/parts/Verdict';
import classes from './Audit.module.css';

type Entry = Schemas['AuditEntry'];

/** Who changed what, when, and why. */
export function Audit() {
  const { t, f } = useI18n();
  const query = useInfiniteQuery(audit());
  const [open, setOpen] = useState<Entry>();
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const columns = useMemo<Column<Entry>[]>(
    () => [
      { id: 'when', header: t('audit.when'), width: '112px', cell: (row) => <At at={row.at} date /> },
      { id: 'who', header: t('audit.who'), width: 'minmax(80px, 1.2fr)', from: 420, cell: (row) => row.by },
      { id: 'what', header: t('audit.what'), width: 'minmax(90px, 2fr)', cell: (row) => <What action={row.action} /> },
      { id: 'on', header: t('audit.on'), width: 'minmax(100px, 1.2fr)', from: 760, cell: (row) => <span className="code">{touched(row)}</span> },
      { id: 'reason', header: t('audit.reason'), width: 'minmax(90px, 1fr)', from: 960, cell: (row) => row.reason ?? '' },
      { id: 'number', header: t('audit.number'), width: '70px', align: 'end', from: 560, cell: (row) => f.number(row.number) },
    ],
    [t, f],
  );
  return (
    <Page title={t('audit.title')} filled curl="/v1/audit" verdict={<Verdict tone="ok">{t('audit.verdict')}</Verdict>}>
      {query.isError ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <DataTable
          label={t('audit.title')}
          columns={columns}
          rows={rows}
          rowKey={(row) => String(row.number)}
          loading={query.isPending}
          more={query.hasNextPage}
          onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
          onOpen={setOpen}
          empty={t('audit.empty')}
        />
      )}
      {open && <EntryDialog entry={open} onClose={() => setOpen(undefined)} />}
    </Page>
  );
}

/** What was named, or else what changed; jobs that follow are no part of it. */
const touched = (entry: Entry) => entry.object_id || entry.changes.map(({ row }) => row).filter((row) => !row.startsWith('job_')).join(', ');

/** What was done in words; one that this console does not know yet is shown as the request that it was. */
function What({ action }: { action: string }) {
  const { t } = useI18n();
  const key = `audit.do.${action}`;
  return key in en ? <span title={action}>{t(key as Plain)}</span> : <span className="code">{action}</span>;
}

function EntryDialog({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const { t } = useI18n();
  return (
    <Dialog title={t('audit.entry', { n: entry.number })} onClose={onClose} size={680}>
      <dl className={classes.facts}>
        <dt>{t('audit.when')}</dt>
        <dd>
          <At at={entry.at} date />
        </dd>
        <dt>{t('audit.who')}</dt>
        <dd>
          {entry.by} <span className="soft code">{entry.principal}</span>
        </dd>
        <dt>{t('audit.what')}</dt>
        <dd>
          <What action={entry.action} />
        </dd>
        <dt>{t('audit.route')}</dt>
        <dd className="code">{entry.action}</dd>
        {entry.reason && (
          <>
            <dt>{t('audit.reason')}</dt>
            <dd>{entry.reason}</dd>
          </>
        )}
        <dt>{t('audit.operation')}</dt>
        <dd className="code">{entry.operation_id}</dd>
        <dt>{t('audit.chain')}</dt>
        <dd className="code">{entry.chain}</dd>
      </dl>
      {entry.changes.map((change) => (
        <section key={change.row} className={classes.change}>
          <h3 className="code">{change.row}</h3>
          <div className={classes.sides}>
            <Side title={t('audit.before')} value={change.before} />
            <Side title={t('audit.after')} value={change.after} />
          </div>
        </section>
      ))}
    </Dialog>
  );
}

function Side({ title, value }: { title: string; value: unknown }) {
  const { t } = useI18n();
  return (
    <div>
      <div className="soft">{title}</div>
      {value === null || value === undefined ? <div>{t('audit.nothing')}</div> : <pre>{JSON.stringify(value, null, 2)}</pre>}
    </div>
  );
}
