source("common.R"); source("re_ml.R"); suppressMessages({library(lme4); library(vcd)})
t<-data.frame(town=LETTERS[1:13],rec=c(113,51,12,55,57,28,14,28,29,78,52,59,45),indiv=c(12,3,1,3,5,7,0,4,4,2,5,4,4),notrec=c(183,64,13,42,63,26,26,22,30,81,56,45,74),other=c(0,0,0,0,0,0,0,1,1,0,2,0,0),total=c(308,118,26,100,125,61,40,55,64,161,115,108,123))
write.csv(t,"data/table2_townships.csv",row.names=FALSE)
o<-list(meta=meta("i_township.R",c("lme4","vcd","statmod"),"Table 2 of the paper (13 townships, 1404 households)"))
o$checks<-list(row_sums_ok=all(t$rec+t$indiv+t$notrec+t$other==t$total),col_sums=colSums(t[,2:6]),published_totals=c(621,54,725,4,1404),shares=colSums(t[,2:5])/1404)
M4<-as.matrix(t[,2:5]); M3<-cbind(t$rec,t$indiv,t$notrec+t$other); M2<-cbind(t$rec,t$total-t$rec); M2b<-cbind(t$rec+t$indiv,t$total-t$rec-t$indiv)
dimnames(M4)<-dimnames(M3)<-dimnames(M2)<-dimnames(M2b)<-NULL
V<-function(M,nm){ x<-suppressWarnings(chisq.test(M,correct=FALSE)); n<-sum(M);r<-nrow(M);k<-ncol(M); chi<-as.numeric(x$statistic); v<-sqrt(chi/(n*(min(r,k)-1))); ph2<-max(0,chi/n-(r-1)*(k-1)/(n-1)); rt<-r-(r-1)^2/(n-1);kt<-k-(k-1)^2/(n-1); g2<-2*sum(ifelse(M>0,M*log(M/x$expected),0)); a<-assocstats(M)
 set.seed(42); mc<-chisq.test(M,simulate.p.value=TRUE,B=1e6); set.seed(42); fe<-fisher.test(M,simulate.p.value=TRUE,B=1e6)
 list(table=nm,chi2=chi,df=as.numeric(x$parameter),p=x$p.value,min_expected=min(x$expected),cells_expected_lt5=sum(x$expected<5),G2=g2,p_G2=pchisq(g2,x$parameter,lower=FALSE),cramers_v=v,cramers_v_vcd=a$cramer,cramers_v_bias_corrected_bergsma=sqrt(ph2/min(rt-1,kt-1)),contingency_C=a$contingency,p_chisq_MC_1e6=mc$p.value,mc_se=sqrt(mc$p.value*(1-mc$p.value)/1e6),p_fisher_MC_1e6=fe$p.value,std_residuals=x$stdres) }
o$t13x4<-V(M4,"rec, indiv, notrec, other"); o$t13x3<-V(M3,"rec, indiv, notrec+other"); o$t13x2_rec<-V(M2,"rec vs rest"); o$t13x2_rec_or_indiv<-V(M2b,"rec+indiv vs rest")
ex<-tryCatch({ t0<-proc.time()[3]; z<-fisher.test(M2,workspace=2e8); list(p=z$p.value,seconds=as.numeric(proc.time()[3]-t0))},error=function(e) list(error=conditionMessage(e))); o$t13x2_rec$fisher_exact<-ex
# small exact table: 4 smallest towns
s<-order(t$total)[1:4]; z<-fisher.test(M2[s,]); o$fisher_exact_4_smallest<-list(towns=t$town[s],p=z$p.value); z<-fisher.test(M4[s,],workspace=2e8); o$fisher_exact_4_smallest_13x4<-list(p=z$p.value)
# per-town rates and CIs
wil<-function(x,n,z=qnorm(.975)){p<-x/n;c<-(p+z^2/(2*n))/(1+z^2/n);h<-z*sqrt(p*(1-p)/n+z^2/(4*n^2))/(1+z^2/n);c(c-h,c+h)}; W<-t(mapply(wil,t$rec,t$total)); C<-t(mapply(function(x,n) binom.test(x,n)$conf.int,t$rec,t$total)); o$rates<-list(town=t$town,rate=t$rec/t$total,wilson_lo=W[,1],wilson_hi=W[,2],clopper_lo=C[,1],clopper_hi=C[,2])
# GLMM
for(nm in c("rec","rec_or_indiv")){ y<-if(nm=="rec") t$rec else t$rec+t$indiv; r<-list(); for(nq in c(1,12,25)){ m<-glmer(cbind(y,t$total-y)~1+(1|town),data=t,family=binomial,nAGQ=nq,control=glmerControl(optimizer="bobyqa",tolPwrss=1e-12)); re<-ranef(m,condVar=TRUE)$town; cv<-as.numeric(attr(re,"postVar")); r[[paste0("nAGQ",nq)]]<-list(intercept=as.numeric(fixef(m)),se=as.numeric(sqrt(diag(as.matrix(vcov(m))))),sigma_u=as.numeric(sqrt(VarCorr(m)$town[1])),logLik_with_binomial_constant=as.numeric(logLik(m)),town=rownames(re),blup_mode=re[,1],cond_sd=sqrt(cv),shrunken_rate=plogis(fixef(m)+re[,1]),singular=isSingular(m)) }
 # independent: expand to Bernoulli, AGHQ 51; posterior means too
 d<-data.frame(town=rep(t$town,t$total),y=unlist(mapply(function(a,b) c(rep(1,a),rep(0,b)),y,t$total-y))); z<-re_fit(d$y,matrix(1,nrow(d),1,dimnames=list(NULL,"(Intercept)")),d$town,"logit",51); g0<-sum(y*log(sum(y)/1404)+(t$total-y)*log(1-sum(y)/1404)); 
 mu<-z$coef[1];s<-z$sigma_u; q<-gauss.quad(200,"hermite"); u<-q$nodes*sqrt(2); lw<-log(q$weights); uu<-seq(-8,8,length.out=20001); pmn<-sapply(seq_along(y),function(i){ lp<-y[i]*plogis(mu+s*uu,log.p=TRUE)+(t$total[i]-y[i])*plogis(-(mu+s*uu),log.p=TRUE)-uu^2/2; w<-exp(lp-max(lp)); c(sum(w*s*uu)/sum(w), sum(w*plogis(mu+s*uu))/sum(w), sqrt(sum(w*(s*uu)^2)/sum(w)-(sum(w*s*uu)/sum(w))^2)) })
 r$independent_AGHQ51<-list(intercept=unname(mu),se=unname(z$se[1]),sigma_u=s,se_sigma=z$se_sigma,logLik_bernoulli=z$logLik,pooled_logLik_bernoulli=g0,LR_chibar2=2*(z$logLik-g0),p_half=.5*pchisq(2*(z$logLik-g0),1,lower=FALSE),eb_posterior_mean_u=pmn[1,],eb_posterior_sd_u=pmn[3,],eb_posterior_mean_rate=pmn[2,])
 o[[paste0("glmm_",nm)]]<-r }
# beta-binomial ML & quasi-binomial
bb<-function(par,y,n) -sum(lbeta(y+exp(par[1]),n-y+exp(par[2]))-lbeta(exp(par[1]),exp(par[2]))); op<-optim(c(2,2),bb,y=t$rec,n=t$total,method="BFGS",control=list(reltol=1e-15,maxit=1000)); a<-exp(op$par); H<-numDeriv::hessian(bb,op$par,y=t$rec,n=t$total); o$betabinomial_rec<-list(alpha=a[1],beta=a[2],mean=a[1]/sum(a),rho=1/(sum(a)+1),logLik_without_choose=-op$value,eb_rate=(t$rec+a[1])/(t$total+sum(a)),maxgrad=max(abs(numDeriv::grad(bb,op$par,y=t$rec,n=t$total))))
qb<-glm(cbind(rec,total-rec)~1,t,family=quasibinomial); o$overdispersion_pearson<-summary(qb)$dispersion
pw<-p.adjust(sapply(1:13,function(i) binom.test(t$rec[i],t$total[i],621/1404)$p.value),"BH"); o$township_vs_overall_binomtest_BH<-pw; o$pairwise_rates_holm<-{z<-suppressWarnings(pairwise.prop.test(t$rec,t$total,p.adjust.method="holm")); min(z$p.value,na.rm=TRUE)}
wj(o,"i_township.json")
