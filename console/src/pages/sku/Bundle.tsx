import { Link } from '@tanstack/react-router';
import type { Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { Panel } from '~/parts/Page';
import classes from './Sku.module.css';

/** What a bundle is made of, and how many that allows at each location. */
export function Bundle({ stock }: { stock: Schemas['SkuStock'] }) {
  const { t, f } = useI18n();
  const parts = stock.components ?? [];
  if (parts.length === 0) return <Panel>{t('sku.bundle.simple')}</Panel>;
  return (
    <Panel title={t('sku.bundle.parts')}>
      <div className={classes.bundles}>
        <ul>
          {parts.map((part) => (
            <li key={part.sku}>
              <Link to="/stock/$sku" params={{ sku: part.sku }} className="code">
                {part.sku}
              </Link>{' '}
              × {f.number(part.quantity)} <span className="soft">{t('sku.bundle.each')}</span>
            </li>
          ))}
        </ul>
        <div className="num">
          {(stock.bundles ?? []).map((each) => t('sku.bundle.at', { n: each.available, location: each.location })).join(' · ')}
        </div>
        <div className="soft">{t('sku.bundle.text')}</div>
      </div>
    </Panel>
  );
}
