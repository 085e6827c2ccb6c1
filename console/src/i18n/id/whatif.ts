import type { Translation } from '../dictionary';
import type { whatif as en } from '../en/whatif';

export const whatif: Translation<typeof en> = {
  'whatif.title': 'Apa yang akan dikirim',
  'whatif.note': 'Coba aturan lain: tidak ada yang diubah atau dikirim.',
  'whatif.do': 'Pratinjau',
  'whatif.same': { other: 'Semua {n} listing akan dikirimi angka yang sama seperti sekarang.' },
  'whatif.changed': { other: '{n} dari {all} listing akan dikirimi angka lain, {units} unit seluruhnya; {sold} akan habis terjual.' },
  'whatif.more': 'Hanya {most} listing pertama yang dilihat.',
  'listing.title': 'Listing di {shop}',
  'listing.rule': 'Aturan publikasi',
  'listing.rule.mark': 'aturan sendiri',
  'listing.rule.shop': 'Aturan {shop} menentukan angka yang ditampilkan.',
  'listing.rule.own': 'Listing ini punya aturan sendiri yang menggantikan aturan toko.',
  'listing.rule.give': 'Beri aturan sendiri',
  'listing.rule.remove': 'Pakai aturan toko',
  'listing.rule.effect': 'Pratinjau tidak mengubah apa pun. Setelah disimpan, angka baru langsung dikirim.',
  'listing.rule.try.own': 'Setelah disimpan, angka baru langsung dikirim dan tampil di atas beserta langkahnya.',
  'listing.rule.try.figure': '{now} sekarang, {then} dengan aturan ini',
  'listing.rule.try.unknown': 'Angkanya tidak dapat diperkirakan: belum dipetakan, stok belum tercatat, atau listing toko terlalu banyak.',
  'listing.rule.saved': 'Aturan tersimpan; angkanya sedang dikirim',
  'listing.rule.removed': 'Aturan toko berlaku lagi',
};
