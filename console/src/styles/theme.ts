import { createTheme, Drawer, Menu, Modal, Popover, Tooltip } from '@mantine/core';

// Colours are in theme.css. What is here is behaviour.
export const theme = createTheme({
  primaryColor: 'teal',
  defaultRadius: 6,
  components: {
    // Locking the scroll of the page is done with a style element, which the policy forbids; nothing scrolls but the
    // main region anyway, and that is covered.
    Modal: Modal.extend({ defaultProps: { lockScroll: false, centered: true, overlayProps: { backgroundOpacity: 0.35 } } }),
    Drawer: Drawer.extend({ defaultProps: { lockScroll: false, overlayProps: { backgroundOpacity: 0.35 } } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 250, withArrow: false, fz: 12 } }),
    Menu: Menu.extend({ defaultProps: { shadow: 'md', position: 'bottom-end' } }),
    Popover: Popover.extend({ defaultProps: { shadow: 'md' } }),
  },
});
