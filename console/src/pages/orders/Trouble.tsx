import type { Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { codeTexts, goodsText } from '~/parts/problemTexts';
import { ServerWords } from '~/parts/ServerWords';

type Ailing = Pick<Schemas['MarketOrder'], 'trouble' | 'refusal'>;

/** Why an order of a marketplace could not be applied wholly, and what helps; the server's words where they say more. */
export function Trouble({ order: { trouble, refusal } }: { order: Ailing }) {
  const { t } = useI18n();
  const { title, advice } = refusal ? codeTexts(t, refusal.code) : {};
  const goods = refusal?.about.map((each) => goodsText(t, each)) ?? [];
  const isSaid = title && goods.length > 0 && goods.every(Boolean);
  return (
    <div>
      {title && <div className="tone-bad">{title}</div>}
      {goods.map((line) => line && <div key={line}>{line}</div>)}
      {advice && <div>{advice}</div>}
      {trouble && !isSaid && <ServerWords>{trouble}</ServerWords>}
    </div>
  );
}

/** The same in a row of a table. */
export function TroubleWord({ order: { trouble, refusal } }: { order: Ailing }) {
  const { t } = useI18n();
  if (!trouble) return null;
  const word = (refusal && codeTexts(t, refusal.code).title) ?? t('orders.market.trouble.what');
  return (
    <span className="tone-bad" title={word}>
      {word}
    </span>
  );
}
