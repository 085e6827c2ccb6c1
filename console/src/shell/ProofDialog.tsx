import { Button, Group, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, useSyncExternalStore } from 'react';
import { useAct } from '~/api/act';
import { api, take } from '~/api/client';
import { answerProof, isProofAsked, subscribeToProof } from '~/api/proof';
import { session } from '~/api/session';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { ProblemNote } from '~/parts/ProblemNote';

/** Asks for the password again where a change needs it; what was being changed goes on by itself then. */
export function ProofDialog() {
  const asked = useSyncExternalStore(subscribeToProof, isProofAsked);
  return asked ? <Ask /> : null;
}

function Ask() {
  const { t } = useI18n();
  const user = useQuery(session()).data?.user;
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const act = useAct((body: { password?: string; code?: string }) => take(api.POST('/v1/session/proof', { body })), {
    onDone: () => answerProof(true),
  });
  const giveUp = () => answerProof(false);
  return (
    <Dialog title={t('proof.title')} onClose={giveUp}>
      <form
        onSubmit={(event) => {
          // A form around it in the page, of which this is a part to React though not to the browser, is not meant.
          event.stopPropagation();
          event.preventDefault();
          act.mutate({ password: password || undefined, code: code || undefined });
        }}
      >
        <Stack gap="sm">
          <div>{t('proof.text')}</div>
          <input type="hidden" autoComplete="username" value={user?.email ?? ''} readOnly />
          {user?.password_set !== false && (
            <PasswordInput
              data-autofocus
              required
              autoComplete="current-password"
              label={t('door.password')}
              value={password}
              onChange={(e) => setPassword(e.currentTarget.value)}
            />
          )}
          {user?.totp && (
            <TextInput required inputMode="numeric" autoComplete="one-time-code" label={t('door.code')} value={code} onChange={(e) => setCode(e.currentTarget.value)} />
          )}
          {act.isError && <ProblemNote error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={giveUp}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={act.isPending}>
              {t('proof.go')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
