import { Anchor, Button, Group, PasswordInput, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { openSessions } from '~/api/queries';
import { session, useSignOut } from '~/api/session';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Ago } from '~/parts/Moment';
import { Page, Panel } from '~/parts/Page';
import { isGuessable, NewPassword } from '~/parts/NewPassword';
import { ProblemNote } from '~/parts/ProblemNote';
import { Verdict } from '~/parts/Verdict';
import { QrCode } from './QrCode';
import { browserOf } from './browser';
import { Secret } from './Secret';

type OpenSession = Schemas['OpenSession'];

/** One's own password, second factor and browsers. */
export function Account() {
  const { t } = useI18n();
  const who = useQuery(session());
  const open = useQuery(openSessions());
  const out = useSignOut();
  const user = who.data?.user;
  return (
    <Page
      title={t('account.title')}
      curl="/v1/sessions"
      verdict={
        user && open.data && <Verdict tone={user.totp ? 'ok' : 'wait'}>{t('account.verdict', { email: user.email, n: open.data.data.length })}</Verdict>
      }
      actions={
        <Button variant="default" onClick={() => out.mutate('current')}>
          {t('account.sign_out')}
        </Button>
      }
    >
      <Panel title={t('account.sessions')}>
        <Sessions rows={open.data?.data ?? []} loading={open.isPending} />
        {open.isError && <ProblemNote error={open.error} />}
      </Panel>
      <Panel title={t('account.factor')}>
        <Factor on={user?.totp ?? false} />
      </Panel>
      <Panel title={t('account.password')}>
        <Password email={user?.email ?? ''} />
      </Panel>
    </Page>
  );
}

function Sessions({ rows, loading }: { rows: OpenSession[]; loading: boolean }) {
  const { t } = useI18n();
  const end = useAct((id: string) => take(api.DELETE('/v1/sessions/{id}', { params: { path: { id } } })), {
    refresh: [['open-sessions']],
  });
  const columns = useMemo<Column<OpenSession>[]>(
    () => [
      {
        id: 'agent',
        header: t('account.session.agent'),
        width: 'minmax(140px, 2fr)',
        cell: (row) => (
          <span title={row.agent}>
            {row.current && <strong>({t('account.session.this')}) </strong>}
            {browserOf(row.agent)}
          </span>
        ),
      },
      { id: 'opened', header: t('account.session.opened'), width: '130px', from: 480, cell: (row) => <Ago at={row.opened_at} /> },
      { id: 'seen', header: t('account.session.seen'), width: '130px', from: 620, cell: (row) => <Ago at={row.seen_at} /> },
      {
        id: 'end',
        header: t('actions'),
        bare: true,
        width: '100px',
        align: 'end',
        cell: (row) =>
          !row.current && (
            <Button size="compact-xs" variant="default" onClick={() => end.mutate(row.id)}>
              {t('account.session.end')}
            </Button>
          ),
      },
    ],
    [t, end],
  );
  return (
    <Stack gap="sm">
      <DataTable inline label={t('account.sessions')} columns={columns} rows={rows} rowKey={(row) => row.id} loading={loading} empty="–" />
      {end.isError && <ProblemNote error={end.error} />}
      {rows.length > 1 && (
        <Group>
          <Button variant="default" loading={end.isPending} onClick={() => end.mutate('others')}>
            {t('account.session.others')}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Password({ email }: { email: string }) {
  const { t } = useI18n();
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const act = useAct((body: { current: string; password: string }) => take(api.POST('/v1/me/password', { body })), {
    refresh: [['open-sessions']],
    onDone: () => {
      setCurrent('');
      setPassword('');
      notifications.show({ message: t('account.changed'), color: 'teal' });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        act.mutate({ current, password });
      }}
    >
      <Stack gap="sm" maw={420}>
        <input type="hidden" autoComplete="username" value={email} readOnly />
        <PasswordInput required autoComplete="current-password" label={t('account.current')} value={current} onChange={(e) => setCurrent(e.currentTarget.value)} />
        <NewPassword label={t('account.new')} value={password} onChange={setPassword} error={act.error} />
        {act.isError && !isGuessable(act.error) && <ProblemNote error={act.error} />}
        <Group>
          <Button type="submit" loading={act.isPending}>
            {t('account.change')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Factor({ on }: { on: boolean }) {
  const { t } = useI18n();
  const [code, setCode] = useState('');
  const [kept, setKept] = useState<string[]>();
  const begin = useAct((_: null) => take(api.POST('/v1/me/totp')));
  const refresh = [['session'], ['users']];
  const confirm = useAct((body: { code: string }) => take(api.POST('/v1/me/totp/confirm', { body })), {
    refresh,
    onDone: (done) => {
      setKept(done.recovery_codes);
      setCode('');
      begin.reset();
    },
  });
  const remove = useAct((body: { code: string }) => take(api.POST('/v1/me/totp/remove', { body })), {
    refresh,
    onDone: () => setCode(''),
  });
  if (kept) {
    return <Secret text={t('account.factor.recovery')} secret={kept.join('\n')} done={t('account.factor.kept')} onDone={() => setKept(undefined)} />;
  }
  const asked = on || begin.data;
  return (
    <Stack gap="sm" maw={420}>
      <div>{t(on ? 'account.factor.on' : 'account.factor.off')}</div>
      {!asked && (
        <Group>
          <Button loading={begin.isPending} onClick={() => begin.mutate(null)}>
            {t('account.factor.begin')}
          </Button>
        </Group>
      )}
      {begin.isError && <ProblemNote error={begin.error} />}
      {begin.data && !on && (
        <>
          <QrCode text={begin.data.otpauth_url} label={t('account.factor.qr')} />
          <TextInput readOnly className="code" label={t('account.factor.secret')} value={begin.data.secret} onFocus={(e) => e.currentTarget.select()} />
          <Anchor href={begin.data.otpauth_url}>{t('account.factor.open')}</Anchor>
        </>
      )}
      {asked && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            (on ? remove : confirm).mutate({ code });
          }}
        >
          <Stack gap="sm">
            <TextInput required inputMode="numeric" autoComplete="one-time-code" label={t('account.factor.code')} value={code} onChange={(e) => setCode(e.currentTarget.value)} />
            {(confirm.isError || remove.isError) && <ProblemNote error={confirm.error ?? remove.error} />}
            <Group>
              <Button type="submit" color={on ? 'red' : undefined} loading={confirm.isPending || remove.isPending}>
                {t(on ? 'account.factor.remove' : 'account.factor.confirm')}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Stack>
  );
}
