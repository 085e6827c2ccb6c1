import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useAct } from '~/api/act';
import { api, take } from '~/api/client';
import { ProblemError } from '~/api/problem';
import type { Session } from '~/api/session';
import { useI18n } from '~/i18n';
import mark from '~/onhand.svg';
import { isGuessable, NewPassword } from '~/parts/NewPassword';
import { ProblemNote } from '~/parts/ProblemNote';
import classes from './Door.module.css';

/** What stands behind the `#` of a link: it is taken out of the address at once, so that it is in no history. */
function tokenOfLink(): string {
  const token = new URLSearchParams(window.location.hash.slice(1)).get('token') ?? '';
  if (token) window.history.replaceState(null, '', window.location.pathname);
  return token;
}

/** What somebody sees who is not signed in. */
export function Door({ state }: { state: Session['state'] }) {
  const path = window.location.pathname;
  if (path === '/enter') return <Enter />;
  if (path === '/setup') return <SetUp />;
  if (path === '/password') return <SetPassword />;
  return state === 'set_up_needed' ? <NoOwner /> : <SignIn />;
}

function Frame({ title, text, foot, children }: { title: string; text?: ReactNode; foot?: ReactNode; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Onhand`;
  }, [title]);
  return (
    <main className={classes.door}>
      <div className={classes.card}>
        <div className={classes.brand}>
          <img src={mark} alt="" /> Onhand
        </div>
        <h1>{title}</h1>
        {text && <p className={classes.text}>{text}</p>}
        {children}
        {foot && <p className={classes.foot}>{foot}</p>}
      </div>
    </main>
  );
}

/** Goes to the first page as whoever has just signed in. */
function useArrive() {
  const client = useQueryClient();
  return () => {
    client.clear();
    window.history.replaceState(null, '', ['/enter', '/setup', '/password'].includes(window.location.pathname) ? '/' : window.location.href);
    window.location.reload();
  };
}

function SignIn({ note }: { note?: string }) {
  const { t, rich } = useI18n();
  const arrive = useArrive();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const act = useAct(
    (body: { email: string; password: string; code?: string }) => take(api.POST('/v1/sessions', { body })),
    { onDone: arrive },
  );
  const problem = act.error instanceof ProblemError ? act.error.problem.code : undefined;
  const [factor, setFactor] = useState(false);
  useEffect(() => {
    if (problem === 'second_factor_needed') setFactor(true);
  }, [problem]);
  const command = <code>onhand users link {email || 'you@shop.example'} --data DIR</code>;
  return (
    <Frame title={t('door.sign_in')} text={note ?? t('door.sign_in.text')} foot={rich('door.lost', { command })}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate({ email, password, code: code || undefined });
        }}
      >
        <Stack gap="sm">
          <TextInput data-autofocus autoFocus required type="email" autoComplete="username" label={t('door.email')} value={email} onChange={(e) => setEmail(e.currentTarget.value)} />
          <PasswordInput required autoComplete="current-password" label={t('door.password')} value={password} onChange={(e) => setPassword(e.currentTarget.value)} />
          {factor && (
            <TextInput autoFocus required autoComplete="one-time-code" inputMode="numeric" label={t('door.code')} value={code} onChange={(e) => setCode(e.currentTarget.value)} />
          )}
          {act.isError && problem !== 'second_factor_needed' && <ProblemNote error={act.error} />}
          <Button type="submit" fullWidth loading={act.isPending}>
            {t('door.sign_in')}
          </Button>
        </Stack>
      </form>
    </Frame>
  );
}

function NoOwner() {
  const { t } = useI18n();
  return <Frame title={t('door.setup')} text={t('door.setup.link')} foot={t('door.setup.again')} />;
}

function SetUp() {
  const { t } = useI18n();
  const arrive = useArrive();
  const [token] = useState(tokenOfLink);
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const act = useAct(
    (body: { token: string; email: string; name: string; password: string }) => take(api.POST('/v1/setup', { body })),
    { onDone: arrive },
  );
  if (!token) return <Frame title={t('door.setup')} text={t('door.no_token')} foot={t('door.setup.again')} />;
  return (
    <Frame title={t('door.setup')} text={t('door.setup.text')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate({ token, email, name, password });
        }}
      >
        <Stack gap="sm">
          <TextInput autoFocus required autoComplete="name" label={t('door.name')} value={name} onChange={(e) => setName(e.currentTarget.value)} />
          <TextInput required type="email" autoComplete="username" label={t('door.email')} value={email} onChange={(e) => setEmail(e.currentTarget.value)} />
          <NewPassword label={t('door.password')} value={password} onChange={setPassword} error={act.error} />
          {act.isError && !isGuessable(act.error) && <ProblemNote error={act.error} />}
          <Button type="submit" fullWidth loading={act.isPending}>
            {t('door.create')}
          </Button>
        </Stack>
      </form>
    </Frame>
  );
}

function SetPassword() {
  const { t } = useI18n();
  const [token] = useState(tokenOfLink);
  const [password, setPassword] = useState('');
  const act = useAct((body: { token: string; password: string }) => take(api.POST('/v1/passwords', { body })));
  if (act.isSuccess) return <SignIn note={t('door.done')} />;
  if (!token) return <Frame title={t('door.new_password')} text={t('door.no_token')} />;
  return (
    <Frame title={t('door.new_password')} text={t('door.new_password.text')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate({ token, password });
        }}
      >
        <Stack gap="sm">
          <NewPassword autoFocus label={t('account.new')} value={password} onChange={setPassword} error={act.error} />
          {act.isError && !isGuessable(act.error) && <ProblemNote error={act.error} />}
          <Button type="submit" fullWidth loading={act.isPending}>
            {t('door.set')}
          </Button>
        </Stack>
      </form>
    </Frame>
  );
}

function Enter() {
  const { t } = useI18n();
  const arrive = useArrive();
  const act = useAct((body: { token: string }) => take(api.POST('/v1/sessions/by-link', { body })), { onDone: arrive });
  const begun = useRef(false);
  const [token] = useState(tokenOfLink);
  useEffect(() => {
    if (begun.current || !token) return;
    begun.current = true;
    act.mutate({ token });
  }, [act, token]);
  if (act.isError) {
    return (
      <Frame title={t('door.sign_in')}>
        <ProblemNote error={act.error} />
      </Frame>
    );
  }
  return token ? <Frame title={t('door.enter')} /> : <SignIn />;
}
