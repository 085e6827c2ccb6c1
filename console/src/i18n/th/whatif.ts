import type { Translation } from '../dictionary';
import type { whatif as en } from '../en/whatif';

export const whatif: Translation<typeof en> = {
  'whatif.title': 'สิ่งที่จะถูกส่ง',
  'whatif.note': 'ลองกฎอื่น: ไม่มีอะไรถูกเปลี่ยนหรือแจ้งออกไป',
  'whatif.do': 'ดูตัวอย่าง',
  'whatif.same': { other: 'รายการทั้ง {n} จะได้ตัวเลขเดิม' },
  'whatif.changed': { other: '{n} จาก {all} รายการจะได้ตัวเลขอื่น รวม {units} ชิ้น และ {sold} รายการจะขายหมด' },
  'whatif.more': 'ดูเฉพาะ {most} รายการแรก',
  'listing.title': 'สินค้าในร้าน {shop}',
  'listing.rule': 'กฎการเผยแพร่',
  'listing.rule.mark': 'กฎเฉพาะ',
  'listing.rule.shop': 'กฎของ {shop} กำหนดยอดที่แสดง',
  'listing.rule.own': 'มีกฎเฉพาะของตัวเอง ใช้แทนกฎของร้าน',
  'listing.rule.give': 'ตั้งกฎเฉพาะ',
  'listing.rule.remove': 'ใช้กฎของร้าน',
  'listing.rule.effect': 'การดูตัวอย่างไม่เปลี่ยนแปลงอะไร เมื่อบันทึกแล้วยอดใหม่จะถูกส่งทันที',
  'listing.rule.try.own': 'เมื่อบันทึกแล้วยอดใหม่จะถูกส่งทันที และแสดงด้านบนพร้อมขั้นตอน',
  'listing.rule.try.figure': 'ตอนนี้ {now} ตามกฎนี้จะเป็น {then}',
  'listing.rule.try.unknown': 'บอกยอดไม่ได้: ยังไม่จับคู่ ยังไม่มีการบันทึกสต็อก หรือร้านมีสินค้ามากเกินไป',
  'listing.rule.saved': 'บันทึกกฎแล้ว กำลังส่งยอด',
  'listing.rule.removed': 'กลับมาใช้กฎของร้านแล้ว',
};
