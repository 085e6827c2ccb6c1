import { Button, Checkbox, Group, NumberInput, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { apiKeys } from '~/api/queries';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Dialog } from '~/parts/Dialog';
import { Ago } from '~/parts/Moment';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { StateShape } from '~/parts/StateBadge';
import { Verdict } from '~/parts/Verdict';
import { Secret } from './Secret';

type Key = Schemas['ApiKey'];
type Scope = Schemas['Scope'];

const SCOPES: Scope[] = [
  'stock:read',
  'stock:write',
  'orders:read',
  'orders:write',
  'orders:fulfil',
  'events:read',
  'queues:operate',
  'audit:read',
  'admin',
];
const DAY_MS = 86_400_000;

function stateOf(key: Key): 'live' | 'revoked' | 'expired' {
  if (key.revoked_at) return 'revoked';
  return key.expires_at && Date.parse(key.expires_at) < Date.now() ? 'expired' : 'live';
}

/** Which programs may call, and what for. */
export function Keys() {
  const { t } = useI18n();
  const query = useQuery(apiKeys());
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Key>();
  const rows = useMemo(() => {
    const all = [...(query.data?.data ?? [])];
    return all.sort((a, b) => Number(stateOf(b) === 'live') - Number(stateOf(a) === 'live') || b.created_at.localeCompare(a.created_at));
  }, [query.data]);
  const columns = useColumns(setRevoking);
  const live = rows.filter((key) => stateOf(key) === 'live').length;
  return (
    <Page
      title={t('keys_page.title')}
      filled
      curl="/v1/api-keys"
      verdict={query.data && <Verdict tone="ok">{t('keys_page.verdict', { n: live })}</Verdict>}
      actions={<Button onClick={() => setMaking(true)}>{t('keys_page.make')}</Button>}
    >
      {query.isError ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <DataTable label={t('keys_page.title')} columns={columns} rows={rows} rowKey={(row) => row.id} loading={query.isPending} empty={t('keys_page.empty')} />
      )}
      {making && <Make onClose={() => setMaking(false)} />}
      {revoking && <Revoke of={revoking} onClose={() => setRevoking(undefined)} />}
    </Page>
  );
}

function useColumns(onRevoke: (key: Key) => void): Column<Key>[] {
  const { t } = useI18n();
  return useMemo(
    () => [
      { id: 'name', header: t('keys_page.name'), width: 'minmax(90px, 1.4fr)', cell: (row) => row.name },
      {
        id: 'state',
        header: t('word.state'),
        width: '96px',
        cell: (row) => {
          const state = stateOf(row);
          return (
            <span>
              <StateShape shape={state === 'live' ? 'disc' : 'cross'} tone={state === 'live' ? 'ok' : 'off'} /> {t(`keys_page.${state}`)}
            </span>
          );
        },
      },
      { id: 'scopes', header: t('keys_page.scopes'), width: 'minmax(160px, 2fr)', from: 620, cell: (row) => <span className="code">{row.scopes.join(' ')}</span> },
      { id: 'created', header: t('keys_page.created'), width: '130px', from: 760, cell: (row) => <Ago at={row.created_at} /> },
      {
        id: 'used',
        header: t('keys_page.used'),
        width: '130px',
        from: 820,
        cell: (row) => (row.last_used_at ? <Ago at={row.last_used_at} /> : t('keys_page.unused')),
      },
      {
        id: 'ends',
        header: t('keys_page.expires'),
        width: '120px',
        from: 960,
        cell: (row) => (row.expires_at ? <Ago at={row.expires_at} /> : t('keys_page.never')),
      },
      {
        id: 'actions',
        header: t('actions'),
        bare: true,
        width: '80px',
        align: 'end',
        cell: (row) =>
          stateOf(row) === 'live' && (
            <Button size="compact-xs" variant="light" color="red" onClick={() => onRevoke(row)} aria-label={`${t('keys_page.revoke')}: ${row.name}`}>
              {t('keys_page.revoke')}
            </Button>
          ),
      },
    ],
    [t, onRevoke],
  );
}

function Make({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>(['stock:read', 'orders:read']);
  const [days, setDays] = useState<number | string>('');
  const act = useAct(
    (body: Schemas['NewApiKey'], key: string) => take(api.POST('/v1/api-keys', { params: { header: { 'Idempotency-Key': key } }, body })),
    { refresh: [['api-keys']] },
  );
  if (act.data?.secret) {
    return (
      <Dialog title={t('keys_page.make')} onClose={onClose}>
        <Secret text={t('keys_page.secret')} secret={act.data.secret} done={t('keys_page.done')} onDone={onClose} />
      </Dialog>
    );
  }
  return (
    <Dialog title={t('keys_page.make')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const ends = typeof days === 'number' ? new Date(Date.now() + days * DAY_MS).toISOString() : undefined;
          act.mutate({ name, scopes: scopes as Scope[], expires_at: ends });
        }}
      >
        <Stack gap="sm">
          <TextInput data-autofocus required label={t('keys_page.name')} value={name} onChange={(e) => setName(e.currentTarget.value)} />
          <Checkbox.Group label={t('keys_page.scopes')} value={scopes} onChange={setScopes}>
            <Stack gap={6} mt={6}>
              {SCOPES.map((scope) => (
                <Checkbox key={scope} value={scope} label={<span className="code">{scope}</span>} />
              ))}
            </Stack>
          </Checkbox.Group>
          <NumberInput label={t('keys_page.days')} min={1} max={3650} allowDecimal={false} value={days} onChange={setDays} />
          {act.isError && <ProblemNote error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={act.isPending} disabled={scopes.length === 0}>
              {t('keys_page.make')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

function Revoke({ of, onClose }: { of: Key; onClose: () => void }) {
  const { t } = useI18n();
  const act = useAct(
    (id: string, key: string) => take(api.DELETE('/v1/api-keys/{id}', { params: { path: { id }, header: { 'Idempotency-Key': key } } })),
    { refresh: [['api-keys']], onDone: onClose },
  );
  return (
    <Dialog title={t('keys_page.revoke')} onClose={onClose}>
      <Stack gap="sm">
        <div>{t('keys_page.revoke.text', { name: of.name })}</div>
        {act.isError && <ProblemNote error={act.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('cancel')}
          </Button>
          <Button color="red" loading={act.isPending} onClick={() => act.mutate(of.id)}>
            {t('keys_page.revoke')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
