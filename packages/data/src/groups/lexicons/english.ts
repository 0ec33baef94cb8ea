// English words for groups of people.
import { terms } from "./words.ts";

export const englishGroups = {
  gender: {
    female:
      terms(`she, her, hers, herself, woman, women, girl, girls, female, females, lady, ladies, mother, mothers, mom, moms,
      daughter, daughters, sister, sisters, wife, wives, aunt, aunts, niece, nieces, grandmother, grandmothers, girlfriend,
      girlfriends, queen, queens, princess, princesses, actress, actresses, businesswoman, businesswomen, widow, widows, bride, brides`),
    male: terms(`he, him, his, himself, man, men, boy, boys, male, males, gentleman, gentlemen, father, fathers, dad, dads, son, sons,
      brother, brothers, husband, husbands, uncle, uncles, nephew, nephews, grandfather, grandfathers, boyfriend, boyfriends, king,
      kings, prince, princes, actor, actors, businessman, businessmen, widower, widowers, groom, grooms`),
    nonBinary:
      terms(`non-binary, nonbinary, genderqueer, genderfluid, gender-fluid, agender, bigender, gender-nonconforming, enby,
      themself, ze, hir, zir, xe, xem`),
  },
  ethnicity: {
    black:
      terms(`Black people, Black person, Black man, Black men, Black woman, Black women, Black boy, Black girl, Black children,
      Black American, Black Americans, Black community, African American, African Americans, Afro-American, Afro-Caribbean,
      Black British, people of African descent`),
    white:
      terms(`white people, white person, white man, white men, white woman, white women, white boy, white girl, white children,
      white American, white Americans, European American, European Americans, Caucasian, Caucasians`),
    asian:
      terms(`Asian, Asians, Asian American, Asian Americans, East Asian, East Asians, South Asian, South Asians, Southeast Asian,
      Southeast Asians, British Asian, British Asians`),
    hispanic: terms(
      "Hispanic, Hispanics, Latino, Latinos, Latina, Latinas, Latinx, Latine, Chicano, Chicana, Latin American, Latin Americans",
    ),
    arab: terms(
      "Arab, Arabs, Arab American, Arab Americans, Middle Eastern people, Middle Eastern man, Middle Eastern woman",
    ),
    indigenous:
      terms(`Indigenous people, Indigenous peoples, Native American, Native Americans, First Nations, American Indian,
      American Indians, Aboriginal Australian, Aboriginal Australians, Alaska Native, Alaska Natives, Inuit, Māori, Maori, Sámi, Sami people`),
    roma: terms("Romani people, Roma people, Romani, Sinti"),
  },
  religion: {
    christian:
      terms(`Christian, Christians, Catholic, Catholics, Protestant, Protestants, Orthodox Christian, Orthodox Christians,
      Evangelical, Evangelicals, Christianity`),
    muslim: terms("Muslim, Muslims, Islam, Islamic, Sunni, Sunnis, Shia, Shiite, Shiites"),
    jewish: terms("Jewish, Jew, Jews, Judaism"),
    hindu: terms("Hindu, Hindus, Hinduism"),
    buddhist: terms("Buddhist, Buddhists, Buddhism"),
    sikh: terms("Sikh, Sikhs, Sikhism"),
    nonReligious: terms("atheist, atheists, atheism, agnostic, agnostics, nonreligious, non-religious"),
  },
  age: {
    child: terms(
      "child, children, kid, kids, toddler, toddlers, infant, infants, baby, babies, schoolchild, schoolchildren",
    ),
    young:
      terms(`teenager, teenagers, teen, teens, adolescent, adolescents, young people, young person, young adult, young adults, youth,
      youths, young man, young men, young woman, young women`),
    middle: terms("middle-aged, middle aged"),
    older:
      terms(`elderly, senior citizen, senior citizens, older people, older person, older adult, older adults, old man, old men, old
      woman, old women, old people, old person, retiree, retirees, pensioner, pensioners`),
  },
  nationality: {
    us: terms("American, Americans"),
    gb: terms("British, Briton, Britons, Brits"),
    ie: terms("Irish, Irishman, Irishwoman"),
    de: terms("German, Germans"),
    fr: terms("French, Frenchman, Frenchmen, Frenchwoman, Frenchwomen"),
    es: terms("Spanish, Spaniard, Spaniards"),
    it: terms("Italian, Italians"),
    pl: terms("Polish, Pole, Poles"),
    ua: terms("Ukrainian, Ukrainians"),
    ru: terms("Russian, Russians"),
    tr: terms("Turkish, Turk, Turks"),
    gr: terms("Greek, Greeks"),
    cn: terms("Chinese"),
    jp: terms("Japanese"),
    kr: terms("Korean, Koreans, South Korean, South Koreans"),
    in: terms("Indian, Indians"),
    pk: terms("Pakistani, Pakistanis"),
    vn: terms("Vietnamese"),
    ir: terms("Iranian, Iranians"),
    sy: terms("Syrian, Syrians"),
    il: terms("Israeli, Israelis"),
    eg: terms("Egyptian, Egyptians"),
    ng: terms("Nigerian, Nigerians"),
    za: terms("South African, South Africans"),
    mx: terms("Mexican, Mexicans"),
    br: terms("Brazilian, Brazilians"),
    ca: terms("Canadian, Canadians"),
    au: terms("Australian, Australians"),
  },
  disability: {
    general:
      terms(`disabled people, disabled person, people with disabilities, person with a disability, people with a disability,
      disabled, disability, disabilities`),
    blind: terms(
      "blind people, blind person, blind man, blind woman, visually impaired, vision-impaired, people with low vision",
    ),
    deaf: terms("deaf, Deaf people, hard of hearing, hearing-impaired, deafblind"),
    mobility:
      terms(`wheelchair user, wheelchair users, uses a wheelchair, using a wheelchair, paraplegic, quadriplegic, tetraplegic,
      amputee, amputees, mobility impairment, mobility impairments`),
    intellectual:
      terms(`intellectual disability, intellectual disabilities, learning disability, learning disabilities, Down syndrome,
      Down's syndrome`),
    neurodivergent:
      terms(`autistic, autism, autistic people, neurodivergent, neurodiverse, ADHD, dyslexic, dyslexia, Asperger's,
      Tourette's, Tourette syndrome`),
    mentalHealth:
      terms(`mental illness, mental illnesses, mentally ill, depression, bipolar disorder, schizophrenia, anxiety disorder,
      people with schizophrenia, PTSD`),
  },
} as const;
