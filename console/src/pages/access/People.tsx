import { Button, Group, Menu, Select, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { users } from '~/api/queries';
import { session } from '~/api/session';
import { useI18n, type Plain } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Dialog } from '~/parts/Dialog';
import { Ago } from '~/parts/Moment';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { StateShape } from '~/parts/StateBadge';
import { Verdict } from '~/parts/Verdict';
import { KeepOutDialog } from './KeepOutDialog';
import { Secret } from './Secret';

type User = Schemas['User'];
type Role = Schemas['Role'];

const ROLES: Role[] = ['owner', 'admin', 'operator', 'finance', 'fulfilment', 'viewer'];

/** Who is let in, and what each may do. */
export function People() {
  const { t } = useI18n();
  const query = useQuery(users());
  const [inviting, setInviting] = useState(false);
  const [changing, setChanging] = useState<User>();
  const [leaving, setLeaving] = useState<User>();
  const [linked, setLinked] = useState<{ name: string; url: string }>();
  const rows = useMemo(() => query.data?.data ?? [], [query.data]);
  const keep = useKeepOut();
  const columns = useColumns({ onLink: setLinked, onChange: setChanging, onKeepOut: setLeaving, onLetIn: keep.mutate });
  const bare = rows.filter((user) => !user.disabled && !user.totp).length;
  return (
    <Page
      title={t('people.title')}
      filled
      curl="/v1/users"
      verdict={
        query.data && (
          <Verdict tone={bare > 0 ? 'wait' : 'ok'}>
            {bare > 0
              ? t('people.verdict.factor', { n: bare })
              : t('people.verdict', { n: rows.filter((user) => !user.disabled).length })}
          </Verdict>
        )
      }
      actions={<Button onClick={() => setInviting(true)}>{t('people.invite')}</Button>}
    >
      {query.isError ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <DataTable
          label={t('people.title')}
          columns={columns}
          rows={rows}
          rowKey={(row) => row.id}
          loading={query.isPending}
          onOpen={setChanging}
          empty={t('people.empty')}
        />
      )}
      {inviting && <Invite onClose={() => setInviting(false)} onLink={setLinked} />}
      {changing && <Change user={changing} onClose={() => setChanging(undefined)} />}
      {leaving && (
        <KeepOutDialog
          user={leaving}
          onClose={() => setLeaving(undefined)}
          onKeepOut={() => {
            keep.mutate(leaving);
            setLeaving(undefined);
          }}
        />
      )}
      {linked && (
        <Dialog title={t('people.link')} onClose={() => setLinked(undefined)}>
          <Secret text={t('people.link.text', { name: linked.name })} secret={linked.url} onDone={() => setLinked(undefined)} />
        </Dialog>
      )}
    </Page>
  );
}

interface Actions {
  onLink: (link: { name: string; url: string }) => void;
  onChange: (user: User) => void;
  onKeepOut: (user: User) => void;
  onLetIn: (user: User) => void;
}

function useColumns({ onLink, onChange, onKeepOut, onLetIn }: Actions): Column<User>[] {
  const { t } = useI18n();
  const me = useQuery(session()).data?.user?.id;
  const link = useAct(
    (user: User) => take(api.POST('/v1/users/{id}/link', { params: { path: { id: user.id } } })),
    { tells: true, onDone: (made, user) => onLink({ name: user.name, url: made.url }) },
  );
  return useMemo(
    () => [
      {
        id: 'name',
        header: t('people.name'),
        width: 'minmax(90px, 1.2fr)',
        cell: (row) => (
          <span>
            {row.name} {row.id === me && <span className="soft">({t('people.you')})</span>}
          </span>
        ),
      },
      { id: 'email', header: t('people.email'), width: 'minmax(150px, 1.6fr)', from: 560, cell: (row) => row.email },
      { id: 'role', header: t('people.role'), width: '110px', from: 420, cell: (row) => t(`role.${row.role}` as Plain) },
      { id: 'state', header: t('people.state'), width: '138px', cell: (row) => <UserState user={row} /> },
      {
        id: 'factor',
        header: t('people.factor'),
        width: '120px',
        from: 860,
        cell: (row) => <StateShape shape={row.totp ? 'disc' : 'ring'} tone={row.totp ? 'ok' : 'wait'} />,
      },
      { id: 'seen', header: t('people.seen'), width: '130px', from: 760, cell: (row) => <Ago at={row.signed_in_at} /> },
      {
        id: 'actions',
        header: t('actions'),
        bare: true,
        width: '44px',
        align: 'end',
        cell: (row) => (
          <Menu>
            <Menu.Target>
              <Button size="compact-xs" variant="default" aria-label={`${t('actions')}: ${row.name}`}>
                …
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => onChange(row)}>{t('people.change', { name: row.name })}</Menu.Item>
              <Menu.Item onClick={() => link.mutate(row)}>{t('people.link')}</Menu.Item>
              <Menu.Item color={row.disabled ? undefined : 'red'} onClick={() => (row.disabled ? onLetIn : onKeepOut)(row)}>
                {t(row.disabled ? 'people.let_in' : 'people.keep_out')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        ),
      },
    ],
    [t, me, link, onChange, onKeepOut, onLetIn],
  );
}

function UserState({ user }: { user: User }) {
  const { t } = useI18n();
  const tone = user.disabled ? 'off' : user.password_set ? 'ok' : 'wait';
  const word = user.disabled ? 'people.state.out' : user.password_set ? 'people.state.in' : 'people.state.waiting';
  return (
    <span>
      <StateShape shape={user.disabled ? 'cross' : user.password_set ? 'disc' : 'ring'} tone={tone} /> {t(word)}
    </span>
  );
}

function useKeepOut() {
  const { t } = useI18n();
  return useAct(
    (user: User, key: string) =>
      take(
        api.PATCH('/v1/users/{id}', {
          params: { path: { id: user.id }, header: { 'Idempotency-Key': key, 'If-Match': `"v${user.version}"` } },
          body: { disabled: !user.disabled },
        }),
      ),
    {
      tells: true,
      refresh: [['users'], ['actors']],
      onDone: (_done, user) => notifications.show({ message: t('people.changed', { name: user.name }), color: 'teal' }),
    },
  );
}

function RoleSelect({ value, onChange }: { value: Role; onChange: (role: Role) => void }) {
  const { t } = useI18n();
  return (
    <Select
      label={t('people.role')}
      description={t(`role.${value}.text` as Plain)}
      data={ROLES.map((role) => ({ value: role, label: t(`role.${role}` as Plain) }))}
      value={value}
      allowDeselect={false}
      onChange={(role) => role && onChange(role as Role)}
    />
  );
}

function Invite({ onClose, onLink }: { onClose: () => void; onLink: (link: { name: string; url: string }) => void }) {
  const { t } = useI18n();
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('operator');
  const act = useAct(
    async (body: { email: string; name: string; role: Role }, key: string) => {
      const made = await take(api.POST('/v1/users', { params: { header: { 'Idempotency-Key': key } }, body }));
      return take(api.POST('/v1/users/{id}/link', { params: { path: { id: made.id } } }));
    },
    {
      refresh: [['users'], ['actors']],
      onDone: (link) => {
        onClose();
        onLink({ name, url: link.url });
      },
    },
  );
  return (
    <Dialog title={t('people.invite')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate({ email, name, role });
        }}
      >
        <Stack gap="sm">
          <TextInput data-autofocus required label={t('people.name')} value={name} onChange={(e) => setName(e.currentTarget.value)} />
          <TextInput required type="email" label={t('people.email')} value={email} onChange={(e) => setEmail(e.currentTarget.value)} />
          <RoleSelect value={role} onChange={setRole} />
          {act.isError && <ProblemNote error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={act.isPending}>
              {t('people.invite')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

function Change({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useI18n();
  const [name, setName] = useState(user.name);
  const [role, setRole] = useState<Role>(user.role);
  const act = useAct(
    (body: { name: string; role?: Role }, key: string) =>
      take(
        api.PATCH('/v1/users/{id}', {
          params: { path: { id: user.id }, header: { 'Idempotency-Key': key, 'If-Match': `"v${user.version}"` } },
          body,
        }),
      ),
    {
      refresh: [['users'], ['actors']],
      onDone: () => {
        notifications.show({ message: t('people.changed', { name }), color: 'teal' });
        onClose();
      },
    },
  );
  return (
    <Dialog title={t('people.change', { name: user.name })} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          // A role that is named asks for a proof, and another name does not.
          act.mutate({ name, role: role === user.role ? undefined : role });
        }}
      >
        <Stack gap="sm">
          <div>{t('people.change.text')}</div>
          <TextInput data-autofocus required label={t('people.name')} value={name} onChange={(e) => setName(e.currentTarget.value)} />
          <RoleSelect value={role} onChange={setRole} />
          {act.isError && <ProblemNote error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={act.isPending}>
              {t('save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
