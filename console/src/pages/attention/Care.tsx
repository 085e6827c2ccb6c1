import { Button, Group, Menu, Stack, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { session, useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { useMinute } from '~/parts/Moment';
import { isPutOff } from '~/parts/notices';
import { ProblemNote } from '~/parts/ProblemNote';
import { wordOf } from '~/parts/words';
import { useCaseDialog } from './caseDialog';

type Notice = Schemas['Notice'];
type Change = Schemas['NoticeChange'];

const HOUR_S = 3_600;
const LATER = [
  ['attention.later.hour', HOUR_S],
  ['attention.later.day', 24 * HOUR_S],
  ['attention.later.week', 7 * 24 * HOUR_S],
] as const;

/** The server takes 1,000 bytes, and no letter has more than three for each unit of its length. */
const NOTE_MAX = 333;

function useCare(notice: Notice, options: { tells?: boolean; onDone?: () => void }) {
  return useAct(
    (body: Change, key: string) =>
      take(api.PATCH('/v1/notices/{key}', { params: { path: { key: notice.key }, header: { 'Idempotency-Key': key } }, body })),
    { refresh: [['notices']], ...options },
  );
}

/** Who looks after it, when it comes up again, and how it was settled. */
export function Care({ notice }: { notice: Notice }) {
  const { t } = useI18n();
  const may = useMay('stock:write');
  const me = useQuery(session()).data?.user?.email;
  const now = useMinute();
  const open = useCaseDialog();
  const act = useCare(notice, { tells: true });
  if (!may) return null;
  const mine = notice.assignee === me;
  return (
    <Menu withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button
          size="compact-sm"
          variant="default"
          loading={act.isPending}
          aria-label={`${t('actions')}: ${wordOf(t, 'notice', notice.kind)}, ${notice.subject}`}
        >
          …
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {me && !mine && <Menu.Item onClick={() => act.mutate({ assignee: me })}>{t('attention.take')}</Menu.Item>}
        {notice.assignee && (mine || !me) && <Menu.Item onClick={() => act.mutate({ assignee: '' })}>{t('attention.give')}</Menu.Item>}
        <Menu.Divider />
        <Menu.Label>{t('attention.later')}</Menu.Label>
        {isPutOff(notice, now) && <Menu.Item onClick={() => act.mutate({ snooze_seconds: 0 })}>{t('attention.back')}</Menu.Item>}
        {LATER.map(([name, seconds]) => (
          <Menu.Item key={name} onClick={() => act.mutate({ snooze_seconds: seconds })}>
            {t(name)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => open((close) => <SettleDialog notice={notice} onClose={close} />)}>{t('attention.settle')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Says that it is over, and how. */
function SettleDialog({ notice, onClose }: { notice: Notice; onClose: () => void }) {
  const { t } = useI18n();
  const [note, setNote] = useState(notice.note ?? '');
  const act = useCare(notice, {
    onDone: () => {
      notifications.show({ message: t('attention.settled'), color: 'teal' });
      onClose();
    },
  });
  return (
    <Dialog title={t('attention.settle.title')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate({ resolved: true, note: note.trim() });
        }}
      >
        <Stack gap="sm">
          <div>{t('attention.settle.text')}</div>
          <Textarea
            data-autofocus
            required
            autosize={false}
            rows={3}
            label={t('attention.settle.note')}
            maxLength={NOTE_MAX}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          {act.isError && <ProblemNote error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" disabled={!note.trim()} loading={act.isPending}>
              {t('attention.settle.do')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
