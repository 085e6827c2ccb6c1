import { Link } from '@tanstack/react-router';
import { useI18n } from '~/i18n';
import type { Mapped } from './changes';

/** What a listing sells or sold: the SKU, and how many of it in one sale where it is not one. */
export function MappedTo({ to }: { to: Mapped | undefined }) {
  const { t, f } = useI18n();
  if (to === undefined) return <span className="soft">{t('mapping.history.unknown')}</span>;
  if (to === null) return <span className="soft">{t('mapping.history.none')}</span>;
  return (
    <Link to="/stock/$sku" params={{ sku: to.sku }} className="code">
      {to.sku}
      {to.units > 1 ? ` × ${f.number(to.units)}` : ''}
    </Link>
  );
}
