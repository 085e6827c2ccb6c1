import type { Translation } from '../dictionary';
import type { whatif as en } from '../en/whatif';

export const whatif: Translation<typeof en> = {
  'whatif.title': 'Những gì sẽ được đẩy',
  'whatif.note': 'Thử quy tắc khác: không thay đổi hay đẩy gì.',
  'whatif.do': 'Xem trước',
  'whatif.same': { other: 'Cả {n} sản phẩm sẽ nhận số như hiện nay.' },
  'whatif.changed': { other: '{n}/{all} sản phẩm sẽ nhận số khác, tổng cộng {units} đơn vị; {sold} sản phẩm sẽ hiện hết hàng.' },
  'whatif.more': 'Chỉ xem {most} sản phẩm đầu tiên.',
  'listing.title': 'Sản phẩm trên {shop}',
  'listing.rule': 'Quy tắc công bố',
  'listing.rule.mark': 'quy tắc riêng',
  'listing.rule.shop': 'Quy tắc của {shop} quyết định số hiển thị.',
  'listing.rule.own': 'Có quy tắc riêng, dùng thay cho quy tắc của gian hàng.',
  'listing.rule.give': 'Đặt quy tắc riêng',
  'listing.rule.remove': 'Dùng quy tắc gian hàng',
  'listing.rule.effect': 'Xem trước không thay đổi gì. Khi lưu, số mới được đẩy ngay.',
  'listing.rule.try.own': 'Khi lưu, số mới được đẩy ngay và hiện ở trên cùng các bước tính.',
  'listing.rule.try.figure': 'hiện là {now}, theo quy tắc này là {then}',
  'listing.rule.try.unknown': 'Không tính trước được: chưa ghép nối, chưa ghi nhận tồn, hoặc gian hàng có quá nhiều sản phẩm.',
  'listing.rule.saved': 'Đã lưu quy tắc; đang đẩy số',
  'listing.rule.removed': 'Đã dùng lại quy tắc của gian hàng',
};
