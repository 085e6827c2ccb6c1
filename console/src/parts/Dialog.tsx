import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { useI18n } from '~/i18n';
import classes from './Dialog.module.css';

interface Props {
  title: string;
  onClose: () => void;
  size?: number;
  children: ReactNode;
}

/**
 * A dialog with a heading. It is there for as long as it is rendered. The scroll is not locked, because that is done with a
 * style element, which the policy of the server forbids; nothing scrolls but the main region, and that is covered.
 */
export function Dialog({ title, onClose, size = 440, children }: Props) {
  const { t } = useI18n();
  return (
    <Modal.Root opened onClose={onClose} size={size} centered lockScroll={false}>
      <Modal.Overlay backgroundOpacity={0.35} />
      <Modal.Content>
        <div className={classes.head}>
          <Modal.Title className={classes.title}>{title}</Modal.Title>
          <Modal.CloseButton aria-label={t('close')} />
        </div>
        <Modal.Body className={classes.body}>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
