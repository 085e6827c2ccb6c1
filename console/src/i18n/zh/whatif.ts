import type { Translation } from '../dictionary';
import type { whatif as en } from '../en/whatif';

export const whatif: Translation<typeof en> = {
  'whatif.title': '将会推送的数量',
  'whatif.note': '试另一条规则：不会更改或推送任何内容。',
  'whatif.do': '预览',
  'whatif.same': { other: '全部 {n} 个店铺商品的数量与现在相同。' },
  'whatif.changed': { other: '{all} 个店铺商品中有 {n} 个的数量会改变，合计 {units} 件；{sold} 个将显示售罄。' },
  'whatif.more': '只查看了前 {most} 个店铺商品。',
  'listing.title': '{shop} 的店铺商品',
  'listing.rule': '发布规则',
  'listing.rule.mark': '专用规则',
  'listing.rule.shop': '由 {shop} 的规则决定显示的数量。',
  'listing.rule.own': '它有专用规则，取代店铺规则。',
  'listing.rule.give': '设置专用规则',
  'listing.rule.remove': '使用店铺规则',
  'listing.rule.effect': '预览不会更改任何内容。保存后立即推送新数量。',
  'listing.rule.try.own': '保存后立即推送新数量，并在上方显示计算步骤。',
  'listing.rule.try.figure': '现在 {now}，按此规则 {then}',
  'listing.rule.try.unknown': '无法预知：未映射、未记录库存，或店铺商品过多。',
  'listing.rule.saved': '规则已保存；正在推送数量',
  'listing.rule.removed': '已恢复使用店铺规则',
};
