import type { Translation } from '../dictionary';
import type { whatif as en } from '../en/whatif';

export const whatif: Translation<typeof en> = {
  'whatif.title': '将会推送什么',
  'whatif.note': '试另一条规则：不会更改或告知任何东西。',
  'whatif.do': '预览',
  'whatif.same': { other: '全部 {n} 个商品将得到与现在相同的数字。' },
  'whatif.changed': { other: '{all} 个商品中有 {n} 个将得到另一个数字，合计 {units} 件；{sold} 个将显示售罄。' },
  'whatif.more': '只查看了前 {most} 个商品。',
};
