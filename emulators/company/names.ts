import type { Random } from './random.ts';

/** A name as its bearer writes it, and in plain letters as mail addresses spell it. */
export interface SpelledName {
  readonly native: string;
  readonly plain: string;
}

interface Culture {
  readonly weight: number;
  readonly given: readonly SpelledName[];
  readonly family: readonly SpelledName[];
}

const SPECIAL: Readonly<Record<string, string>> = {
  ø: 'o',
  Ø: 'O',
  ß: 'ss',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  þ: 'th',
  Þ: 'Th',
  æ: 'ae',
  ı: 'i',
  ə: 'e',
};

/** Latin text without its marks. */
export function plainLetters(text: string): string {
  return text
    .replace(/[øØßłŁđĐðþÞæıə]/g, (letter) => SPECIAL[letter] ?? letter)
    .normalize('NFD')
    .replace(/\p{M}/gu, '');
}

/** `native=plain` where the two differ beyond marks. */
function spelled(list: string): SpelledName[] {
  return list.split(' ').map((entry) => {
    const [native = entry, plain] = entry.split('=');
    const text = native.replaceAll('_', ' ');
    return { native: text, plain: plain ?? plainLetters(text) };
  });
}

const culture = (weight: number, given: string, family: string): Culture => ({
  weight,
  given: spelled(given),
  family: spelled(family),
});

const CULTURES: readonly Culture[] = [
  culture(
    26,
    'Anna James Laura Peter Emma Thomas Julia Martin Claire Robert Helen Simon Alice George Nora Felix Grace Oliver Ruth Daniel Sarah Michael Rachel Edward Lucy Henry Amelia Victor Sophie Arthur Martha Leon Hannah Oscar Ella Hugo Iris Max Eva Adam Vera Noah Lena Jonas Clara Samuel Mia Paul Rosa Tobias',
    'Smith Baker Fischer Wagner Clarke Bennett Carter Hughes Weber Schmidt Keller Brandt Foster Harding Marsh Palmer Quinn Reeves Sutton Turner Walsh Young Abbott Barlow Chapman Dawson Ellis Fletcher Gibson Hartmann Ingram Jarvis Knight Lambert Mercer Norris Osborne Pearce Ramsey Sinclair Thornton Underwood Vance Whitfield Zimmer Becker Vogel Lindner Maurer Seidel',
  ),
  culture(
    12,
    'Zoë François José Inês João Chloé René Núria Martín Sofía Andrés Lucía Raúl Mónica Thérèse Jérôme Léa Anaïs Íñigo Begoña Ramón Tomás Mário Luísa Aurélie Benoît Hélène Noël Álvaro Belén',
    'García Muñoz Ferreira Gonçalves Müller Lefèvre Dubois Peña Ibáñez Núñez Araújo Conceição Magalhães Barthélemy Béranger Château Désormeaux Fernández Giménez Hernández Jiménez López Martínez Ordóñez Pérez Rodríguez Sánchez Vásquez Guimarães Simões',
  ),
  culture(
    9,
    'Bjørn Åsa Søren Freja Mikkel Ingrid Lærke Øystein Þóra Jón Elín Kåre Sigrún Håkon Jørgen Märta Göran Päivi Jyrki Annika',
    'Sørensen Åkesson Ødegård Bjørnstad Lindström Nyström Järvinen Mäkelä Þorsteinsson Guðmundsson Højgaard Kjær Strømberg Ekström Hägglund Virtanen Nieminen Østergaard Blåfjell Løkken',
  ),
  culture(
    12,
    'Łukasz Małgorzata Jiří Tereza Zoltán Ágnes Ondřej Božena Željko Mirjana Stanisław Katarzyna Radosław Agnieszka Vojtěch Kristýna László Réka Ștefan Ioana Dragoș Anđela Petr Miloš Živa',
    'Kowalczyk Dvořák Nagy Szabó Novák Wiśniewski Wójcik Krawczyk Černý Horváth Kovács Tóth Popescu Ionescu Đorđević Petrović Jovanović Zieliński Kamiński Dąbrowski Šimek Kučera Żukowski Ćosić Balogh',
  ),
  culture(
    6,
    'Ayşe Çağla İbrahim=Ibrahim Gülşen Oğuz Şebnem Ümit Işıl Barış Özge Mehmet Elif',
    'Yılmaz Öztürk Şahin Çelik Güneş Kılıç Doğan Aydın Erdoğan Koç Arslan Özdemir',
  ),
  culture(
    5,
    'Nguyễn_Anh Thị_Hoa Minh Đức Quỳnh Hương Tuấn Phương Bảo Lan Khánh Trang',
    'Trần Lê Phạm Hoàng Vũ Đặng Bùi Đỗ Hồ Ngô Dương Lý',
  ),
  culture(
    4,
    'Γιώργος=Giorgos Ελένη=Eleni Νίκος=Nikos Κατερίνα=Katerina Δημήτρης=Dimitris Σοφία=Sofia Σπύρος=Spyros Άννα=Anna',
    'Παπαδόπουλος=Papadopoulos Γεωργίου=Georgiou Νικολάου=Nikolaou Δημητρίου=Dimitriou Οικονόμου=Oikonomou Βλάχος=Vlachos Καραγιάννης=Karagiannis',
  ),
  culture(
    5,
    'Олена=Olena Андрій=Andrii Ирина=Irina Дмитрий=Dmitry Светлана=Svetlana Юрий=Yuri Наталія=Nataliia Иван=Ivan Марина=Marina Богдан=Bohdan',
    'Шевченко=Shevchenko Іваненко=Ivanenko Соколова=Sokolova Кузнецов=Kuznetsov Мельник=Melnyk Петренко=Petrenko Волков=Volkov Лебедева=Lebedeva Бондаренко=Bondarenko',
  ),
  culture(
    5,
    '太郎=Taro 花子=Hanako 健=Ken 美咲=Misaki 大輔=Daisuke 由美=Yumi 翔=Sho 陽子=Yoko 明=Akira 直子=Naoko',
    '山田=Yamada 佐藤=Sato 鈴木=Suzuki 田中=Tanaka 高橋=Takahashi 渡辺=Watanabe 伊藤=Ito 小林=Kobayashi 中村=Nakamura',
  ),
  culture(
    5,
    '伟=Wei 芳=Fang 敏=Min 静=Jing 强=Qiang 丽=Li 军=Jun 娜=Na 磊=Lei 婷=Ting',
    '王=Wang 李=Li 张=Zhang 刘=Liu 陈=Chen 杨=Yang 赵=Zhao 黄=Huang 周=Zhou 吴=Wu',
  ),
  culture(
    4,
    'ليلى=Layla محمد=Mohammed فاطمة=Fatima عمر=Omar يوسف=Yusuf نور=Nour مريم=Maryam خالد=Khalid',
    'حداد=Haddad خوري=Khoury منصور=Mansour العلي=Alali نجار=Najjar صالح=Saleh درويش=Darwish',
  ),
  culture(
    2,
    'נועה=Noa איתן=Eitan מאיה=Maya יונתן=Yonatan תמר=Tamar עומר=Omer',
    'כהן=Cohen לוי=Levi מזרחי=Mizrahi פרידמן=Friedman ביטון=Biton אברהם=Avraham',
  ),
  culture(
    7,
    'Priya Arjun Ananya Rohan Meera Vikram Kavya Sanjay Deepa Rahul Lakshmi Imran Nisha Suresh Aisha Farhan',
    "Sharma Patel Iyer Reddy Nair Chowdhury Gupta Banerjee Rao Mehta Kapoor Das O'Dowd D'Souza Fernandes Khan",
  ),
];

const TOTAL = CULTURES.reduce((sum, one) => sum + one.weight, 0);

function pickCulture(random: Random): Culture {
  let rest = random.next() * TOTAL;
  for (const one of CULTURES) {
    rest -= one.weight;
    if (rest < 0) return one;
  }
  return CULTURES[0] as Culture;
}

/** A given and a family name, mostly of one culture. */
export function inventName(random: Random): { given: SpelledName; family: SpelledName } {
  const home = pickCulture(random);
  const other = random.chance(0.08) ? pickCulture(random) : home;
  return { given: random.pick(home.given), family: random.pick(other.family) };
}

/** A family name in Latin script, for a change of name. */
export function inventFamilyName(random: Random): SpelledName {
  return random.pick(random.pick(CULTURES.slice(0, 5)).family);
}

/** Local part of an address: plain lower-case letters, digits and single dots. */
export function localPart(text: string): string {
  return plainLetters(text)
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '')
    .replace(/\.{2,}/g, '.');
}
