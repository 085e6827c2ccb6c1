import { Button, Group, Stack, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useI18n } from '~/i18n';
import { copyText } from '~/parts/clipboard';

/** Something that is shown this once. */
export function Secret({ text, secret, done, onDone }: { text: string; secret: string; done?: string; onDone: () => void }) {
  const { t } = useI18n();
  return (
    <Stack gap="sm">
      <div>{text}</div>
      <Textarea readOnly autosize={false} rows={3} value={secret} aria-label={text} className="code" onFocus={(e) => e.currentTarget.select()} />
      <Group justify="flex-end">
        <Button
          variant="default"
          onClick={() => void copyText(secret).then(() => notifications.show({ message: t('copied'), color: 'teal' }))}
        >
          {t('copy')}
        </Button>
        <Button onClick={onDone}>{done ?? t('close')}</Button>
      </Group>
    </Stack>
  );
}
