import { Button, Group } from '@mantine/core';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';

export function UndoDialog({ n, onClose, onUndo }: { n: number; onClose: () => void; onUndo: () => void }) {
  const { t } = useI18n();
  return (
    <Dialog title={t('imports.undo.title', { n })} onClose={onClose}>
      <p>{t('imports.undo.text')}</p>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t('cancel')}
        </Button>
        <Button onClick={onUndo}>{t('imports.undo')}</Button>
      </Group>
    </Dialog>
  );
}
