import type { Translation } from '../dictionary';
import type { whatif as en } from '../en/whatif';

export const whatif: Translation<typeof en> = {
  'whatif.title': 'Những gì sẽ được đẩy',
  'whatif.note': 'Thử quy tắc khác: không gì bị thay đổi hay thông báo.',
  'whatif.do': 'Xem trước',
  'whatif.same': { other: 'Cả {n} tin đăng sẽ nhận con số như hiện nay.' },
  'whatif.changed': { other: '{n} trên {all} tin đăng sẽ nhận con số khác, tổng cộng {units} đơn vị; {sold} tin sẽ hết hàng.' },
  'whatif.more': 'Chỉ xem {most} tin đăng đầu tiên.',
};
