import { Button } from '@mantine/core';
import IconX from '@tabler/icons-react/dist/esm/icons/IconX.mjs';
import { useI18n } from '~/i18n';

interface Props {
  label: string;
  value: string;
  onRemove: () => void;
}

/** A filter of the address that has no field: what it is, and the way to be rid of it. */
export function FilterChip({ label, value, onRemove }: Props) {
  const { t } = useI18n();
  const name = `${label}: ${value}`;
  return (
    <Button
      size="xs"
      variant="light"
      maw="100%"
      rightSection={<IconX size={13} stroke={2} />}
      title={t('filter.remove', { name })}
      aria-label={t('filter.remove', { name })}
      onClick={onRemove}
    >
      <span className="clip">{name}</span>
    </Button>
  );
}
