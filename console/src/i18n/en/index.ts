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

// One file for each area. A new area is added here and in the same place of every other language.
export const en = { ...shell, ...states, ...overview, ...stock, ...orders, ...market, ...imports, ...integrity, ...sandbox, ...rehearsal, ...whatif, ...work, ...notices, ...problems, ...access, ...channels, ...mapping, ...webhooks, ...audit } as const;
