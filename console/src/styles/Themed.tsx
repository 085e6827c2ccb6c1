import { createTheme, MantineProvider, Menu, Notification, PasswordInput, Popover, Tooltip } from '@mantine/core';
import { useMemo, type ReactNode } from 'react';
import { useI18n } from '~/i18n';

/** Behaviour of Mantine's parts; their colours are in theme.css. */
export function Themed({ children }: { children: ReactNode }) {
  const { t } = useI18n();
  const close = t('close');
  const reveal = t('password.reveal');
  const theme = useMemo(
    () =>
      createTheme({
        primaryColor: 'teal',
        defaultRadius: 6,
        components: {
          Tooltip: Tooltip.extend({ defaultProps: { openDelay: 250, withArrow: false, fz: 12 } }),
          // Mantine's placeholder for the first focus is a child of the menu that no role allows there: the first item has it.
          Menu: Menu.extend({ defaultProps: { shadow: 'md', position: 'bottom-end', withInitialFocusPlaceholder: false } }),
          Popover: Popover.extend({ defaultProps: { shadow: 'md' } }),
          // With aria-pressed beside it, which says whether it is shown.
          PasswordInput: PasswordInput.extend({ defaultProps: { visibilityToggleButtonProps: { 'aria-label': reveal } } }),
          Notification: Notification.extend({ defaultProps: { closeButtonProps: { 'aria-label': close } } }),
        },
      }),
    [close, reveal],
  );
  // The policy of the server forbids style elements, so all of Mantine's variables are in style sheets.
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      {children}
    </MantineProvider>
  );
}
