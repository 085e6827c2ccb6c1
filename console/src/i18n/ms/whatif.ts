import type { Translation } from '../dictionary';
import type { whatif as en } from '../en/whatif';

export const whatif: Translation<typeof en> = {
  'whatif.title': 'Apa yang akan ditolak',
  'whatif.note': 'Cuba peraturan lain: tiada apa yang diubah atau diberitahu.',
  'whatif.do': 'Pratonton',
  'whatif.same': { other: 'Semua {n} penyenaraian akan diberitahu angka yang sama seperti sekarang.' },
  'whatif.changed': { other: '{n} daripada {all} penyenaraian akan diberitahu angka lain, {units} unit semuanya; {sold} akan habis dijual.' },
  'whatif.more': 'Hanya {most} penyenaraian pertama dilihat.',
};
