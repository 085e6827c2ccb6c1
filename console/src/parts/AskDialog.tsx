import { Button, Group, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useI18n } from '~/i18n';
import { Dialog } from './Dialog';
import { ProblemNote } from './ProblemNote';

interface Props {
  title: string;
  /** What the deed is called on its button. */
  label: string;
  danger?: boolean;
  act: { isPending: boolean; isError: boolean; error: unknown };
  onDo: () => void;
  onClose: () => void;
  /** What follows from it. */
  children: ReactNode;
}

/** Asks before something is done that one press is too little for. */
export function AskDialog({ title, label, danger, act, onDo, onClose, children }: Props) {
  const { t } = useI18n();
  return (
    <Dialog title={title} onClose={onClose}>
      <Stack gap="sm">
        {children}
        {act.isError && <ProblemNote error={act.error} />}
        <Group justify="flex-end">
          <Button variant="default" data-autofocus={danger || undefined} onClick={onClose}>
            {t('cancel')}
          </Button>
          <Button data-autofocus={!danger || undefined} color={danger ? 'red' : undefined} loading={act.isPending} onClick={onDo}>
            {label}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
