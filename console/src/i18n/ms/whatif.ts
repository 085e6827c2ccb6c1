import type { Translation } from '../dictionary';
import type { whatif as en } from '../en/whatif';

export const whatif: Translation<typeof en> = {
  'whatif.title': 'Apa yang akan dihantar',
  'whatif.note': 'Cuba peraturan lain: tiada apa yang diubah atau dihantar.',
  'whatif.do': 'Pratonton',
  'whatif.same': { other: 'Semua {n} penyenaraian akan dihantar angka yang sama seperti sekarang.' },
  'whatif.changed': { other: '{n} daripada {all} penyenaraian akan dihantar angka lain, {units} unit semuanya; {sold} akan habis dijual.' },
  'whatif.more': 'Hanya {most} penyenaraian pertama dilihat.',
  'listing.title': 'Penyenaraian di {shop}',
  'listing.rule': 'Peraturan penerbitan',
  'listing.rule.mark': 'peraturan sendiri',
  'listing.rule.shop': 'Peraturan {shop} menentukan angka yang dipaparkan.',
  'listing.rule.own': 'Ia ada peraturan sendiri yang menggantikan peraturan kedai.',
  'listing.rule.give': 'Beri peraturan sendiri',
  'listing.rule.remove': 'Guna peraturan kedai',
  'listing.rule.effect': 'Pratonton tidak mengubah apa-apa. Apabila disimpan, angka baharu terus dihantar.',
  'listing.rule.try.own': 'Apabila disimpan, angka baharu terus dihantar dan dipaparkan di atas bersama langkahnya.',
  'listing.rule.try.figure': '{now} sekarang, {then} dengan peraturan ini',
  'listing.rule.try.unknown': 'Angkanya tidak dapat diramal: ia belum dipetakan, stok belum direkodkan, atau kedai terlalu banyak penyenaraian.',
  'listing.rule.saved': 'Peraturan disimpan; angkanya sedang dihantar',
  'listing.rule.removed': 'Peraturan kedai digunakan semula',
};
