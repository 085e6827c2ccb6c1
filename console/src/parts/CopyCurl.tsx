import { ActionIcon, Tooltip } from '@mantine/core';
import IconCheck from '@tabler/icons-react/dist/esm/icons/IconCheck.mjs';
import IconTerminal2 from '@tabler/icons-react/dist/esm/icons/IconTerminal2.mjs';
import { useState } from 'react';
import { curl } from '~/api/curl';
import { useI18n } from '~/i18n';
import { copyText } from './clipboard';

/** Copies the request behind a page, for a terminal. */
export function CopyCurl({ path }: { path: string }) {
  const { t } = useI18n();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    setCopied(await copyText(curl(window.location.origin, path)));
    setTimeout(() => setCopied(false), 1_500);
  };
  const label = copied ? t('copied') : t('copy_curl');
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size={32} aria-label={label} onClick={() => void copy()}>
        {copied ? <IconCheck size={17} /> : <IconTerminal2 size={17} />}
      </ActionIcon>
    </Tooltip>
  );
}
