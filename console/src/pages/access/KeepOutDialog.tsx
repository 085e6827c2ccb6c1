import { Button, Group, Stack } from '@mantine/core';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';

interface Props {
  user: { name: string; email: string };
  onKeepOut: () => void;
  onClose: () => void;
}

/** Says who is kept out, and what becomes of it. */
export function KeepOutDialog({ user, onKeepOut, onClose }: Props) {
  const { t } = useI18n();
  return (
    <Dialog title={t('people.keep_out.title', { name: user.name })} onClose={onClose}>
      <Stack gap="sm">
        <div>{t('people.keep_out.text', { email: user.email })}</div>
        <Group justify="flex-end">
          <Button variant="default" data-autofocus onClick={onClose}>
            {t('cancel')}
          </Button>
          <Button color="red" onClick={onKeepOut}>
            {t('people.keep_out')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
