import type { Translation } from '../dictionary';
import type { whatif as en } from '../en/whatif';

export const whatif: Translation<typeof en> = {
  'whatif.title': 'Apa yang akan dikirim',
  'whatif.note': 'Coba aturan lain: tidak ada yang diubah atau diberitahukan.',
  'whatif.do': 'Pratinjau',
  'whatif.same': { other: 'Semua {n} listing akan diberi angka yang sama seperti sekarang.' },
  'whatif.changed': { other: '{n} dari {all} listing akan diberi angka lain, {units} unit seluruhnya; {sold} akan habis terjual.' },
  'whatif.more': 'Hanya {most} listing pertama yang dilihat.',
};
