import { createTheme, Menu, Popover, Tooltip } from '@mantine/core';

// Colours are in theme.css. What is here is behaviour.
export const theme = createTheme({
  primaryColor: 'teal',
  defaultRadius: 6,
  components: {
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 250, withArrow: false, fz: 12 } }),
    Menu: Menu.extend({ defaultProps: { shadow: 'md', position: 'bottom-end' } }),
    Popover: Popover.extend({ defaultProps: { shadow: 'md' } }),
  },
});
