import type { Translation } from '../dictionary';
import type { whatif as en } from '../en/whatif';

export const whatif: Translation<typeof en> = {
  'whatif.title': 'สิ่งที่จะถูกส่ง',
  'whatif.note': 'ลองกฎอื่น: ไม่มีอะไรถูกเปลี่ยนหรือแจ้งออกไป',
  'whatif.do': 'ดูตัวอย่าง',
  'whatif.same': { other: 'รายการทั้ง {n} จะได้ตัวเลขเดิม' },
  'whatif.changed': { other: '{n} จาก {all} รายการจะได้ตัวเลขอื่น รวม {units} ชิ้น และ {sold} รายการจะขายหมด' },
  'whatif.more': 'ดูเฉพาะ {most} รายการแรก',
};
