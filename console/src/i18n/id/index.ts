import type { Dictionary } from '../dictionary';
import { access } from './access';
import { audit } from './audit';
import { channels } from './channels';
import { imports } from './imports';
import { integrity } from './integrity';
import { mapping } from './mapping';
import { market } from './market';
import { notices } from './notices';
import { orders } from './orders';
import { overview } from './overview';
import { problems } from './problems';
import { rehearsal } from './rehearsal';
import { sandbox } from './sandbox';
import { shell } from './shell';
import { states } from './states';
import { stock } from './stock';
import { webhooks } from './webhooks';
import { whatif } from './whatif';
import { work } from './work';

export const id: Dictionary = {
  ...shell,
  ...states,
  ...overview,
  ...stock,
  ...orders,
  ...market,
  ...work,
  ...notices,
  ...problems,
  ...imports,
  ...integrity,
  ...sandbox,
  ...rehearsal,
  ...whatif,
  ...access,
  ...channels,
  ...mapping,
  ...webhooks,
  ...audit,
};
