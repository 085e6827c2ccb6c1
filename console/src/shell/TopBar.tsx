import { ActionIcon, Menu, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import IconLanguage from '@tabler/icons-react/dist/esm/icons/IconLanguage.mjs';
import IconMenu2 from '@tabler/icons-react/dist/esm/icons/IconMenu2.mjs';
import IconMoon from '@tabler/icons-react/dist/esm/icons/IconMoon.mjs';
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs';
import IconSun from '@tabler/icons-react/dist/esm/icons/IconSun.mjs';
import { Link } from '@tanstack/react-router';
import { useI18n } from '~/i18n';
import { LANGUAGES, type Language } from '~/i18n/languages';
import logo from '~/onhand.svg';
import { LiveToggle } from './LiveToggle';
import { UserMenu } from './UserMenu';
import classes from './Shell.module.css';

export function TopBar({ onMenu, onSearch }: { onMenu: () => void; onSearch: () => void }) {
  const { t } = useI18n();
  return (
    <header className={classes.bar}>
      <ActionIcon className={classes.menu} variant="subtle" color="gray" size={34} aria-label={t('menu')} onClick={onMenu}>
        <IconMenu2 size={19} />
      </ActionIcon>
      <Link to="/" className={classes.brand} aria-label="Onhand">
        <img src={logo} alt="" width={24} height={24} />
        <span>Onhand</span>
      </Link>
      <button type="button" className={classes.search} aria-label={t('search.hint')} onClick={onSearch}>
        <IconSearch size={16} />
        <span>{t('search.hint')}</span>
        <kbd className={classes.kbd}>/</kbd>
      </button>
      <div className={classes.push} />
      <LiveToggle />
      <LanguageMenu />
      <ThemeToggle />
      <UserMenu />
    </header>
  );
}

function LanguageMenu() {
  const { t, language, setLanguage } = useI18n();
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={34} aria-label={t('language')}>
          <IconLanguage size={19} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.keys(LANGUAGES) as Language[]).map((each) => (
          <Menu.Item
            key={each}
            lang={each}
            aria-current={each === language || undefined}
            fw={each === language ? 600 : 400}
            onClick={() => setLanguage(each)}
          >
            {LANGUAGES[each]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function ThemeToggle() {
  const { t } = useI18n();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  const label = dark ? t('theme.light') : t('theme.dark');
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={34}
        aria-label={label}
        onClick={() => setColorScheme(dark ? 'light' : 'dark')}
      >
        {dark ? <IconSun size={19} stroke={1.6} /> : <IconMoon size={19} stroke={1.6} />}
      </ActionIcon>
    </Tooltip>
  );
}
